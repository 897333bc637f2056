//! Views of grey images.

use super::{AugmentConfig, Operation};

impl AugmentConfig {
    /// The same views without what changes colours alone: grey images have no hue and no saturation.
    ///
    /// Drops `grayscale`, and takes hue and saturation out of `color_jitter`.
    #[must_use]
    pub fn without_color(mut self) -> Self {
        for view in &mut self.views {
            view.ops.retain(|op| !matches!(op, Operation::Grayscale(_)));
            for op in &mut view.ops {
                if let Operation::ColorJitter(jitter) = op {
                    (jitter.saturation, jitter.hue) = (0.0, 0.0);
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::simclr;

    #[test]
    fn grey_views_keep_what_is_not_about_colour() {
        let colour = AugmentConfig::two_views(32, simclr(32, 0.5));
        let grey = colour.clone().without_color();
        let names = |config: &AugmentConfig| -> Vec<&str> {
            config.views[0].ops.iter().map(Operation::name).collect()
        };
        assert_eq!(
            names(&grey),
            ["random_resized_crop", "horizontal_flip", "color_jitter"]
        );
        assert_eq!(names(&colour).len(), 4);
        assert!(grey.build(1).is_ok());
    }
}
