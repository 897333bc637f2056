use super::{assert_close, levels, numbers};
use crate::kernels::batch_norm::Epilogue;
use crate::kernels::conv::{backward_data, backward_weight, forward, workspace};
use crate::kernels::conv_shape::{Algorithm, ConvShape};

pub(super) const WINOGRAD: ConvShape = ConvShape {
    batch: 1,
    height: 5,
    width: 6,
    input: 16,
    output: 16,
    kernel: 3,
    stride: 1,
    padding: 1,
    dilation: 1,
    groups: 1,
};

pub(super) const DIRECT: ConvShape = ConvShape {
    batch: 2,
    height: 4,
    stride: 2,
    ..WINOGRAD
};

pub(super) const IM2COL: ConvShape = ConvShape {
    input: 3,
    output: 5,
    ..DIRECT
};

/// Every product of a convolution: its places in the output, the input and the weight.
fn products(s: &ConvShape, mut each: impl FnMut(usize, usize, usize)) {
    let (height, width) = (s.out_height(), s.out_width());
    let inside = |out: usize, tap: usize, size: usize| {
        let place = (out * s.stride + tap * s.dilation).checked_sub(s.padding)?;
        (place < size).then_some(place)
    };
    for y in 0..s.output_len() {
        let (pixel, o) = (y / s.output, y % s.output);
        let (n, oy, ox) = (
            pixel / width / height,
            pixel / width % height,
            pixel % width,
        );
        let group = o / s.group_output() * s.group_input();
        for tap in 0..s.kernel * s.kernel {
            let (row, column) = (
                inside(oy, tap / s.kernel, s.height),
                inside(ox, tap % s.kernel, s.width),
            );
            let (Some(row), Some(column)) = (row, column) else {
                continue;
            };
            for c in 0..s.group_input() {
                let x = ((n * s.height + row) * s.width + column) * s.input + group + c;
                each(y, x, o * s.taps() + c * s.kernel * s.kernel + tap);
            }
        }
    }
}

fn agrees(s: &ConvShape) {
    let (x, weight) = (numbers(s.input_len(), 1), numbers(s.weight_len(), 2));
    let (dy, old) = (numbers(s.output_len(), 3), numbers(s.input_len(), 4));
    let (mut y, mut dx, mut dw) = (
        vec![0.0; dy.len()],
        vec![0.0; x.len()],
        vec![0.0; weight.len()],
    );
    products(s, |at, from, by| {
        y[at] += f64::from(x[from]) * f64::from(weight[by]);
        dx[from] += f64::from(dy[at]) * f64::from(weight[by]);
        dw[by] += f64::from(dy[at]) * f64::from(x[from]);
    });
    for (dx, old) in dx.iter_mut().zip(&old) {
        *dx += f64::from(*old);
    }
    for simd in levels() {
        let mut space = vec![f32::NAN; workspace(s)];
        let mut found = vec![f32::NAN; y.len()];
        forward(
            simd,
            s,
            x[..].into(),
            &weight,
            (&mut found, Epilogue::Nothing),
            &mut space,
        );
        assert_close(&found, &y, &format!("{simd:?}, {s:?}"));
        let mut found = old.clone();
        backward_data(
            simd,
            s,
            &dy,
            &weight,
            (&mut found, true, Epilogue::Nothing),
            &mut space,
        );
        assert_close(&found, &dx, &format!("{simd:?}, dx, {s:?}"));
        let mut found = vec![f32::NAN; dw.len()];
        backward_weight(simd, s, x[..].into(), &dy, &mut found, &mut space);
        assert_close(&found, &dw, &format!("{simd:?}, dw, {s:?}"));
    }
}

#[test]
fn winograd_is_the_convolution() {
    assert_eq!(WINOGRAD.algorithm(), Algorithm::Winograd);
    agrees(&WINOGRAD);
}

#[test]
fn direct_is_the_convolution() {
    let few_channels = ConvShape {
        input: 3,
        padding: 2,
        ..DIRECT
    };
    let points = ConvShape {
        kernel: 1,
        padding: 0,
        ..DIRECT
    };
    for s in [DIRECT, few_channels, points] {
        assert_eq!(s.algorithm(), Algorithm::Direct);
        agrees(&s);
    }
}

#[test]
fn im2col_is_the_convolution() {
    let points = ConvShape {
        kernel: 1,
        stride: 1,
        padding: 0,
        ..IM2COL
    };
    let groups = ConvShape {
        input: 4,
        output: 6,
        groups: 2,
        dilation: 2,
        stride: 1,
        padding: 2,
        ..IM2COL
    };
    for s in [IM2COL, points, groups] {
        assert_eq!(s.algorithm(), Algorithm::Im2col);
        agrees(&s);
    }
}

#[test]
fn depthwise_is_the_convolution() {
    let s = ConvShape {
        input: 5,
        output: 5,
        groups: 5,
        ..DIRECT
    };
    assert_eq!(s.algorithm(), Algorithm::Depthwise);
    agrees(&s);
}

#[test]
#[should_panic(expected = "left")]
fn a_short_slice_is_refused() {
    let x = vec![0.0; WINOGRAD.input_len() - 1];
    let weight = vec![0.0; WINOGRAD.weight_len()];
    let mut y = vec![0.0; WINOGRAD.output_len()];
    let mut space = vec![0.0; workspace(&WINOGRAD)];
    let simd = crate::kernels::Simd::detect();
    forward(
        simd,
        &WINOGRAD,
        x[..].into(),
        &weight,
        (&mut y, Epilogue::Nothing),
        &mut space,
    );
}
