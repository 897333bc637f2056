//! Every operation against the reference numbers.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use ravine::augment::color_jitter::{Adjustment, adjust};
use ravine::augment::gaussian_blur::gaussian_blur;
use ravine::augment::grayscale::grayscale;
use ravine::augment::horizontal_flip::flip;
use ravine::augment::resample::{Region, resized_crop};
use ravine::augment::solarize::solarize;
use ravine::augment::{Interpolation, Normalize, Planar, Scratch};
use ravine::data::Image;
use serde_json::Value;

use crate::pictures::floats;

struct Goldens {
    cases: Vec<Value>,
    tensors: HashMap<String, Tensor>,
}

impl Goldens {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
        let text = std::fs::read_to_string(folder.join("goldens.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        let tensors =
            candle_core::safetensors::load(folder.join("goldens.safetensors"), &Device::Cpu);
        Self {
            cases: index["cases"].as_array().unwrap().clone(),
            tensors: tensors.unwrap(),
        }
    }

    fn case(&self, name: &str) -> &Value {
        let wanted = format!("augment/{name}");
        let found = self.cases.iter().find(|case| case["name"] == wanted);
        found.unwrap_or_else(|| panic!("no golden {wanted}"))
    }

    fn tensor(&self, key: &Value) -> &Tensor {
        &self.tensors[key.as_str().unwrap()]
    }

    /// The picture of every case: bytes interleaved.
    fn image(&self) -> Image {
        let pixels = self.tensor(&self.case("image")["inputs"]["pixels"]);
        let (channels, height, width) = pixels.dims3().unwrap();
        let interleaved = pixels.permute((1, 2, 0)).unwrap().flatten_all().unwrap();
        let values: Vec<i64> = interleaved.to_dtype(DType::I64).unwrap().to_vec1().unwrap();
        Image {
            width,
            height,
            channels,
            pixels: values
                .into_iter()
                .map(|v| u8::try_from(v).unwrap())
                .collect(),
        }
    }

    fn compare(&self, name: &str, output: &str, actual: &[f32]) {
        let case = self.case(name);
        let expected = self.tensor(&case["outputs"][output]);
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let tolerance = |key: &str| case["tolerance"][key].as_f64().unwrap() as f32;
        let (rtol, atol) = (tolerance("rtol"), tolerance("atol"));
        assert_eq!(actual.len(), expected.len(), "{name}: length");
        for (i, (a, e)) in actual.iter().zip(&expected).enumerate() {
            assert!(
                (a - e).abs() <= atol + rtol * e.abs(),
                "{name}: value {i} is {a}, expected {e}"
            );
        }
    }
}

fn number(params: &Value, key: &str) -> f32 {
    params[key].as_f64().unwrap() as f32
}

fn whole(params: &Value, key: &str) -> usize {
    usize::try_from(params[key].as_u64().unwrap()).unwrap()
}

fn numbers(params: &Value, key: &str) -> Vec<f32> {
    let list = params[key].as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn every_color_and_filter_agrees_with_its_golden() {
    let goldens = Goldens::load();
    let image = goldens.image();
    let start = floats(&image);
    goldens.compare("image", "image", &start);
    let mut tested = 1;
    let mut check = |name: &str, change: &dyn Fn(&mut Planar, &Value)| {
        let mut data = start.clone();
        let mut view = Planar::new(3, image.height, image.width, &mut data).unwrap();
        change(&mut view, &goldens.case(name)["params"]);
        goldens.compare(name, "output", &data);
        tested += 1;
    };
    check("brightness", &|v, p| {
        adjust(v, &[Adjustment::Brightness(number(p, "factor"))]);
    });
    check("contrast", &|v, p| {
        adjust(v, &[Adjustment::Contrast(number(p, "factor"))]);
    });
    check("saturation", &|v, p| {
        adjust(v, &[Adjustment::Saturation(number(p, "factor"))]);
    });
    check("hue", &|v, p| {
        adjust(v, &[Adjustment::Hue(number(p, "shift"))]);
    });
    check("colour_jitter", &|v, p| {
        let steps = [
            Adjustment::Brightness(number(p, "brightness")),
            Adjustment::Contrast(number(p, "contrast")),
            Adjustment::Saturation(number(p, "saturation")),
            Adjustment::Hue(number(p, "hue")),
        ];
        adjust(v, &steps);
    });
    check("grayscale", &|v, _| grayscale(v));
    check("solarize", &|v, p| solarize(v, number(p, "threshold")));
    check("gaussian_blur", &|v, p| {
        let sigma = p["sigma"].as_f64().unwrap();
        gaussian_blur(v, whole(p, "kernel"), sigma, &mut Scratch::default());
    });
    check("horizontal_flip", &|v, _| flip(v));
    check("normalize", &|v, p| {
        let normalize = Normalize::new("augment", 3, &numbers(p, "mean"), &numbers(p, "std"));
        normalize.unwrap().apply(v);
    });
    for filter in ["bilinear", "bicubic"] {
        for size in ["small", "large", "shrunk"] {
            let name = format!("resized_crop_{filter}_{size}");
            let params = &goldens.case(&name)["params"];
            assert_eq!(params["interpolation"], filter);
            goldens.compare(&name, "output", &crop_of(&image, params));
            tested += 1;
        }
    }
    let listed = goldens.cases.iter().filter(|case| {
        let name = case["name"].as_str().unwrap();
        name.starts_with("augment/")
    });
    assert_eq!(tested, listed.count(), "a golden case is not tested");
}

fn crop_of(image: &Image, params: &Value) -> Vec<f32> {
    let out = whole(params, "out");
    let region = Region {
        top: whole(params, "top"),
        left: whole(params, "left"),
        height: whole(params, "height"),
        width: whole(params, "width"),
    };
    let filter = if params["interpolation"] == "bicubic" {
        Interpolation::Bicubic
    } else {
        Interpolation::Bilinear
    };
    let mut data = vec![f32::NAN; 3 * out * out];
    let mut view = Planar::new(3, out, out, &mut data).unwrap();
    resized_crop(image, region, filter, &mut view, &mut Scratch::default());
    data
}
