//! Classes whose names are numbers.

use super::table::{ColumnScale, range, widened};

/// Classes as the numbers that name them (a digit, an age, a rating): answers of heads that give vectors.
///
/// Standardised by the training part, as the columns of a table are.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassNumbers {
    /// Of each class, as the network sees it.
    values: Vec<f32>,
    scale: ColumnScale,
}

impl ClassNumbers {
    /// The numbers that name `classes`, standardised over the labels `train`; `None` where one is no number.
    ///
    /// # Panics
    /// A label is none of `classes`.
    #[must_use]
    pub fn of(classes: &[String], train: &[u32]) -> Option<Self> {
        let number = |name: &String| name.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let numbers: Vec<f64> = classes.iter().map(number).collect::<Option<_>>()?;
        let rows: Vec<f64> = train.iter().map(|&label| numbers[label as usize]).collect();
        let scale = ColumnScale::measure(&rows, 1);
        Some(Self {
            values: scale.standardized(&numbers),
            scale,
        })
    }

    /// The answers (N) to questions with these labels.
    ///
    /// # Panics
    /// There is no such class.
    #[must_use]
    pub fn answers(&self, labels: &[u32]) -> Vec<f32> {
        labels
            .iter()
            .map(|&label| self.values[label as usize])
            .collect()
    }

    /// From the numbers themselves to what the network sees, and back.
    #[must_use]
    pub fn scale(&self) -> &ColumnScale {
        &self.scale
    }

    /// Where answers are looked for: the range of all classes and a tenth more, one entry a number of an answer.
    #[must_use]
    pub fn ranges(&self) -> Vec<(f32, f32)> {
        range(&self.values, 1).into_iter().map(widened).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_numbers_and_names_are_none() {
        let classes = ["0", " 2 ", "4"].map(String::from);
        let numbers = ClassNumbers::of(&classes, &[0, 1, 2, 1]).unwrap();
        assert_eq!(numbers.scale().mean, [2.0]);
        assert_eq!(numbers.scale().invert(&numbers.answers(&[1])), [2.0]);
        let [(low, high)] = numbers.ranges()[..] else {
            panic!("one number an answer");
        };
        assert!(low < numbers.answers(&[0])[0] && high > numbers.answers(&[2])[0]);
        assert!(ClassNumbers::of(&["cat".into()], &[0]).is_none());
    }
}
