//! A classifier from a run without one: a logistic probe, fitted on the frozen features as it goes out.

use candle_core::Tensor;

use super::network::{ClassAnswers, Exported};
use crate::assembly::{ImageSetup, OpenedRun};
use crate::data::{Part, require_classes};
use crate::error::{Error, Result};
use crate::eval::features::accuracy;
use crate::eval::logistic::Logistic;
use crate::graph::ops::Linear;
use crate::graph::{Network, Op};
use crate::heads::ClassEnergies;
use crate::train::Observer;

/// The layer's node and the prefix of its parameters.
const NAME: &str = "probe";

/// The encoder of `run` with a probe fitted on the labelled training images of its data; a sentence on what it reaches.
pub(super) fn with_probe(
    run: &OpenedRun,
    observer: &mut dyn Observer,
) -> Result<(Exported, String)> {
    let mut setup = ImageSetup::new(run.config.clone().without_head())?;
    setup.notes.iter().for_each(|note| observer.message(note));
    let source = setup.config.data.source.clone();
    if !setup.splits.train.tag_names().is_empty() {
        return Err(Error::data(
            source,
            "its images have several labels each, and a probe that is exported chooses one class",
        ));
    }
    setup.splits = setup.splits.labelled();
    require_classes(setup.splits.train.as_ref(), &source)?;
    let mut exported = Exported::until(run, "features")?;
    let network = Network::new(
        exported.graph.clone(),
        &exported.params,
        setup.executor.clone(),
    )?;
    let see = |part| setup.collect(part, |x| network.eval(x, "features"));
    let train = see(&setup.splits.train)?;
    let logistic = Logistic {
        l2: setup.config.probe.l2,
        ..Logistic::default()
    };
    let fitted = logistic.fit(&train)?;
    let (judged, part) = setup.splits.judged();
    let said = match see(judged) {
        Ok(test) if part != Part::Train && test.known_labels().is_ok() => format!(
            "{:.1} % of {} images of the {} part are answered right; fitted on {} images of {source}",
            100.0 * accuracy(&fitted.predict(&test)?, &test.known_labels()?),
            test.rows(),
            part.name(),
            train.rows()
        ),
        _ => format!(
            "fitted on {} images of {source}, judged on none",
            train.rows()
        ),
    };
    let (weight, bias) = fitted.layer();
    let classes = bias.len();
    let features = exported.outputs[0].1;
    let op = Op::Linear(Linear::new(train.dim, classes, true));
    let node = exported.graph.push(NAME, op, &[features])?;
    for spec in exported.graph.parameters() {
        let param = exported.params.create(&spec)?;
        let values = match spec.name.strip_prefix("probe.") {
            Some("weight") => &weight,
            Some("bias") => &bias,
            _ => continue,
        };
        let values = Tensor::from_slice(values, spec.shape.as_slice(), param.var.device())?;
        param.var.set(&values)?;
    }
    exported.answers = Some(ClassAnswers {
        classes: setup.splits.classes[..classes].to_vec(),
        codes: vec![node],
        forms: vec![ClassEnergies::Code],
        beta: 1.0,
    });
    Ok((exported, said))
}
