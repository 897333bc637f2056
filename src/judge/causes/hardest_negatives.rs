use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::negatives::{NegativesKind, Pairs};

/// A loss of the one lowest wrong energy, among many wrong answers.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let negatives = context.config.negatives.as_ref();
    let many = negatives
        .and_then(NegativesKind::pairs)
        .is_none_or(Pairs::offers_hardest);
    (many && context.loss.only_most_offending()).then(|| {
        cause(
            "hardest_negatives",
            format!(
                "the loss `{}` looks at the nearest wrong answer only, which in a network that knows nothing yet pulls \
                 all embeddings into one point; set negatives.kind = \"triplets\" with mining = \"all\", or lower \
                 `optimizer.lr`",
                context.config.loss.name()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::super::found;
    use super::*;
    use crate::config::Config;
    use crate::error::Result;
    use crate::losses::{Energies, Loss, Margin};

    /// A loss that no list knows.
    struct Unheard;

    impl Loss for Unheard {
        fn forward(&self, energies: &Energies) -> Result<Tensor> {
            energies.mean(
                &energies
                    .positive
                    .broadcast_sub(&energies.most_offending()?)?,
            )
        }

        fn margin(&self) -> Margin {
            Margin::Infinite
        }

        fn collapse_value(&self, _: usize) -> Option<f64> {
            Some(0.0)
        }

        fn validate(&self, _: (f64, f64)) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_loss_that_says_nothing_is_taken_to_look_at_the_nearest_wrong_answer() -> Result<()> {
        for (sets, expected) in [
            (vec![], vec!["hardest_negatives"]),
            (vec!["negatives.kind=triplets".to_string()], vec![]),
        ] {
            let config = Config::load(Some("simclr"), &sets)?;
            let context = Context {
                loss: &Unheard,
                ..Context::new(&config, 10_000)?
            };
            let causes = found(&context);
            let names: Vec<&str> = causes.iter().map(|cause| cause.name.as_str()).collect();
            assert_eq!(names, expected);
        }
        Ok(())
    }
}
