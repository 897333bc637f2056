//! Pictures that are all alike, of which no method learns anything.

use crate::data::{Dataset, Image};
use crate::eval::collapse::Cause;

/// Pictures that are compared at most.
const COMPARED: usize = 256;

/// Whether all pictures of `data` are equal, or all black: those that are looked at, evenly spaced, up to the first that
/// differs. Unreadable ones are passed over.
#[must_use]
pub fn equal_pictures(data: &dyn Dataset) -> Option<Cause> {
    let count = data.len().min(COMPARED);
    let place = |i: usize| (i as u128 * data.len() as u128 / count as u128) as usize;
    let mut pictures = (0..count).filter_map(|i| data.get(place(i)).ok());
    let first = pictures.next()?;
    let black = |image: &Image| (0..image.pixels.len()).all(|i| image.pixels.in_16_bits(i) == 0);
    let all_black = black(&first);
    let mut compared = 1;
    for picture in pictures {
        if picture != first && !(all_black && black(&picture)) {
            return None;
        }
        compared += 1;
    }
    if compared < 2 {
        return None;
    }
    let what = if all_black {
        "all pictures are black"
    } else {
        "all pictures are the same"
    };
    let looked = if compared < data.len() {
        format!(" ({compared} of {} were compared)", data.len())
    } else {
        String::new()
    };
    Some(Cause {
        name: "equal_pictures".into(),
        why: format!(
            "{what}{looked}, so that nothing can be learned of them by any method; look at them with `ravine data \
             preview`, and give pictures that differ"
        ),
        blinds: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::readers::Folder;
    use crate::error::Result;

    fn set(values: &[u8]) -> Result<Option<Cause>> {
        let dir = tempfile::tempdir().map_err(|e| crate::error::Error::Failed(e.to_string()))?;
        for (i, &value) in values.iter().enumerate() {
            let side = if value == 0 { 4 + i as u32 } else { 8 };
            let picture = image::RgbImage::from_pixel(side, 8, image::Rgb([value; 3]));
            let saved = picture.save(dir.path().join(format!("{i}.png")));
            saved.map_err(|e| crate::error::Error::Failed(e.to_string()))?;
        }
        Ok(equal_pictures(&Folder::open(dir.path(), 3, None)?))
    }

    #[test]
    fn equal_and_black_pictures_are_named_and_others_are_not() -> Result<()> {
        let why = |found: Option<Cause>| found.map_or(String::new(), |cause| cause.why);
        assert!(why(set(&[130; 5])?).starts_with("all pictures are the same"));
        assert!(why(set(&[0; 5])?).starts_with("all pictures are black"));
        assert_eq!(set(&[130, 130, 130, 131])?, None);
        assert_eq!(set(&[130])?, None);
        Ok(())
    }
}
