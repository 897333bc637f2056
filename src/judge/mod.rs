//! How good a trained thing is: probes, baselines, cards, verdicts.
//!
//! | question | answered by |
//! |---|---|
//! | how does it look on the way? | [`Online`] |
//! | what is a pretrained encoder worth? | [`image_card`], by [`probes`] of it and its [`baselines`] |
//! | what are a head's answers worth? | [`judge_head`], [`class_card`], [`vector_card`] |
//! | may it have collapsed, and why? | [`Diagnosis`], from its [`causes`] |

pub mod baselines;
mod card;
pub mod card_probes;
pub mod causes;
mod diagnosis;
mod equal_pictures;
mod head;
mod head_card;
mod image_pairs;
pub mod metrics;
mod multi_label;
mod online;
pub mod probes;
mod steady;

pub use baselines::chosen;
pub use card::{Trained, encoders, has_classes, image_card};
pub use diagnosis::{Diagnosed, Diagnosis, Pictures};
pub use equal_pictures::equal_pictures;
pub use head::{
    ANSWERS, BINS, HeadMeasures, distance, distances, euclidean, judge_head, search, typical, units,
};
pub use head_card::{class_card, vector_card};
pub use image_pairs::ImagePairs;
pub use online::{Online, sample};
pub use steady::{Called, Steady};
