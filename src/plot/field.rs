use super::scale::Scale;

/// Energies over a rectangle of two numbers, one in the middle of each cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// From the left to the right edge.
    pub x: Scale,
    /// From the lower to the upper edge.
    pub y: Scale,
    /// Cells in a row.
    pub columns: usize,
    /// Row by row, the lowest y first.
    pub energies: Vec<f32>,
}

impl Field {
    /// Lowest to highest energy.
    #[must_use]
    pub fn range(&self) -> Scale {
        Scale::of(self.energies.iter().map(|e| f64::from(*e)))
    }

    /// Standard deviation (N − 1) of E over y, the mean over x: 0 is flat.
    #[must_use]
    pub fn flatness_by_column(&self) -> f64 {
        let column = |x: usize| self.energies.iter().skip(x).step_by(self.columns);
        let all = (0..self.columns).map(|x| deviation(column(x)));
        all.sum::<f64>() / self.columns.max(1) as f64
    }

    /// Standard deviation (N − 1) of E over the whole rectangle, where both numbers are the answer.
    #[must_use]
    pub fn flatness(&self) -> f64 {
        deviation(self.energies.iter())
    }
}

fn deviation<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().map(|v| f64::from(*v)).sum::<f64>() / n;
    let squares = values.map(|v| (f64::from(*v) - mean).powi(2));
    (squares.sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_only_varies_over_x_is_flat_over_y() {
        let field = Field {
            x: Scale::new(0.0, 1.0),
            y: Scale::new(0.0, 1.0),
            columns: 2,
            energies: vec![1.0, 3.0, 1.0, 3.0],
        };
        assert_eq!(field.flatness_by_column(), 0.0);
        assert!(field.flatness() > 1.0);
        assert_eq!(field.range(), Scale::new(1.0, 3.0));
    }
}
