//! Every part of every family refuses a key that it does not know.

use ravine::encoders::EncoderKind;
use ravine::energies::EnergyKind;
use ravine::losses::LossKind;
use ravine::negatives::{CandidatesKind, NegativesKind, PairsKind};
use ravine::optim::OptimizerKind;
use ravine::regularizers::RegularizerKind;
use serde_json::Value;

use crate::common::Any;

/// Unknown keys are refused in every part of a family, and settings survive being written and read.
macro_rules! config_laws {
    ($($family:ty),+ $(,)?) => {
        #[test]
        fn every_part_is_read_as_it_is_written_and_refuses_unknown_keys() -> Result<(), Any> {
            $(for kind in <$family>::defaults() {
                let written = serde_json::to_value(&kind)?;
                let again: $family = serde_json::from_value(written.clone())?;
                assert_eq!(written, serde_json::to_value(&again)?);
                assert_eq!(written["kind"], Value::from(kind.name()));
                let mut wrong = written;
                wrong["nonsense"] = Value::from(1);
                let refused = serde_json::from_value::<$family>(wrong);
                assert!(refused.is_err(), "{} takes an unknown key", kind.name());
            }
            assert_eq!(<$family>::NAMES.len(), <$family>::entries().len());
            for entry in <$family>::entries() {
                assert!(entry.about.len() > 20, "{} has no sentence", entry.name);
            })+
            Ok(())
        }
    };
}
config_laws!(
    EnergyKind,
    LossKind,
    RegularizerKind,
    NegativesKind,
    PairsKind,
    CandidatesKind,
    EncoderKind,
    OptimizerKind,
    ravine::heads::HeadKind,
    ravine::heads::LatentsKind,
    ravine::inference::InferenceKind,
    ravine::augment::Operation,
);
