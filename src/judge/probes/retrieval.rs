//! Is the nearest of the same class, and all of it near?

use super::probe::{Asked, FeatureProbe, Outcome, Question, Setting};
use crate::error::{Error, Result};
use crate::eval::retrieval::{RetrievalCard, retrieve};

/// The k of recall@k.
const RECALL_AT: [usize; 3] = [1, 5, 10];

/// [`retrieve`]: the images of the judged part search those of the training part.
pub(super) struct RetrievalProbe;

impl FeatureProbe for RetrievalProbe {
    fn name(&self) -> &'static str {
        "retrieval"
    }

    fn about(&self) -> &'static str {
        "Ranking the training images by cosine: recall@k and mean average precision"
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting::K]
    }

    fn check(&self, asked: &Asked) -> Result<()> {
        if asked.labels_per_class.is_some() {
            return Err(Error::Usage(
                "retrieval fits nothing and searches all labelled images; leave --labels-per-class out"
                    .into(),
            ));
        }
        if asked.k == Some(0) {
            return Err(Error::Usage("--k must be 1 or more".into()));
        }
        Ok(())
    }

    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>> {
        let ks = question.asked.k.map_or(RECALL_AT.to_vec(), |k| vec![k]);
        let pairs = question.pairs;
        let found = pairs.each(|pair| retrieve(&pair.train, &pair.test, &ks))?;
        Ok(Box::new(RetrievalCard {
            kind: self.name().into(),
            data: question.source.into(),
            part: question.part.into(),
            gallery: pairs.pretrained.train.rows(),
            queries: found.pretrained.queries,
            metric: "cosine".into(),
            map: found.each(|found| Ok(found.map))?,
            recall: found.each(|found| Ok(found.recall.clone()))?,
            k: ks,
        }))
    }
}
