//! Train, validation and test parts: those the source comes with, or carved out by `data.split_seed`.

use std::sync::Arc;

use super::config::DataConfig;
use super::dataset::{Dataset, FEWEST_GROUPS};
use super::part::Part;
use super::shares::Shares;
use super::source::Source;
use super::subset::{Subset, any_label, distinct, labelled, tagged};
use crate::error::{Error, Result};
use crate::random::{Purpose, shuffle, stream};

/// Fewer images than this are too few to judge a cloud of embeddings by.
const FEWEST_JUDGED: usize = 16;

/// The three parts of a data set; no image is in two of them.
pub struct Splits {
    /// What is trained on.
    pub train: Arc<dyn Dataset>,
    /// What choices are made on; empty with `data.validation = 0` and no such part in the source.
    pub validation: Arc<dyn Dataset>,
    /// What the final card is measured on.
    pub test: Arc<dyn Dataset>,
    /// Class names; empty in unlabelled data.
    pub classes: Vec<String>,
    /// Channels of every image.
    pub channels: usize,
}

impl Splits {
    /// The images of one part; `None` for all of them, which no part holds.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&Arc<dyn Dataset>> {
        match part {
            Part::Train => Some(&self.train),
            Part::Validation => Some(&self.validation),
            Part::Test => Some(&self.test),
            Part::All => None,
        }
    }

    /// What was passed over when the source was opened, and why there is no probe of classes where one could be
    /// expected, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let parts = [&self.train, &self.validation, &self.test].into_iter();
        let notes = parts.flat_map(|part| part.notes());
        distinct(notes.chain(self.no_probe()))
    }

    /// Why classes cannot be learned, where held-out parts have some.
    fn no_probe(&self) -> Option<String> {
        if has_classes(&self.train) {
            return None;
        }
        let held = [("validation", &self.validation), ("test", &self.test)];
        let held = held.into_iter().filter(|(_, set)| has_classes(set));
        let held: Vec<&str> = held.map(|(name, _)| name).collect();
        let parts = match held.as_slice() {
            [] => return None,
            [only] => format!("{only} part has"),
            both => format!("{} parts have", both.join(" and ")),
        };
        let own = if any_label(&self.train) {
            "labels of one class only"
        } else {
            "no labels"
        };
        Some(format!(
            "the training part has {own} while the {parts} classes: pretraining makes no probe of them, and its \
             verdict alone judges; label training images to have a probe"
        ))
    }

    /// What a card is measured on, and its name: the test part; where that is empty the validation part, and where that
    /// has too few images (below 16) the training part.
    #[must_use]
    pub fn judged(&self) -> (&Arc<dyn Dataset>, Part) {
        if !self.test.is_empty() {
            (&self.test, Part::Test)
        } else if self.validation.len() >= FEWEST_JUDGED {
            (&self.validation, Part::Validation)
        } else {
            (&self.train, Part::Train)
        }
    }

    /// Leave out held-out parts without labels, for answers that are judged by labels; what is judged instead, in a
    /// sentence each.
    ///
    /// # Errors
    /// The test part has no labels, and the validation part has too few (below 16) to stand in.
    pub fn judge_by_labels(&mut self, source: &str) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if !any_label(&self.validation) && !self.validation.is_empty() {
            self.validation = none_of(&self.validation);
            notes.push("the validation part has no labels: probes look at training images".into());
        }
        if any_label(&self.test) || self.test.is_empty() {
            return Ok(notes);
        }
        let known = self.validation.len();
        if known < FEWEST_JUDGED {
            let why = self
                .test
                .notes()
                .into_iter()
                .map(|note| format!(": {note}"));
            let why: String = why.collect();
            return Err(Error::data(
                source,
                format!(
                    "no image of the test part has a class of the training part, and answers are judged by them{why}; \
                     name the class folders as in the training part, or have {FEWEST_JUDGED} labelled images or more \
                     for validation, which then stand in (there are {known}; `data.validation` is the share that is \
                     held out)",
                ),
            ));
        }
        self.test = none_of(&self.test);
        notes.push(format!(
            "the test part has no labels: answers are judged on the {known} images of the validation part"
        ));
        Ok(notes)
    }

    /// The same parts without their unlabelled images: what learns from labels or is judged by them.
    #[must_use]
    pub fn labelled(self) -> Self {
        self.each(labelled)
    }

    /// The same parts without the images of whose tags nothing is known.
    #[must_use]
    pub fn tagged(self) -> Self {
        self.each(tagged)
    }

    fn each(self, of: fn(&Arc<dyn Dataset>) -> Arc<dyn Dataset>) -> Self {
        Self {
            train: of(&self.train),
            validation: of(&self.validation),
            test: of(&self.test),
            ..self
        }
    }
}

/// Open the source and split it, as a pure function of the source and the configuration.
///
/// Parts that the source comes with are used as they are. Without a test part, `data.test` is held out; then, without a
/// validation part, `data.validation` of the rest. Both are stratified by class where there are labels. Where neither
/// key is given they are 20 and 10 %, and no test part and 5 % (1,000 images at most) of a single part without labels.
///
/// # Errors
/// A source that is missing, empty or corrupt, a key out of range, or too few images to split.
pub fn open(config: &DataConfig) -> Result<Splits> {
    let source = Source::open(config)?;
    let channels = source.channels;
    let Carved {
        train,
        validation,
        test,
        ..
    } = Carved::of(&source, config);
    if train.is_empty() {
        return Err(Error::data(
            &config.source,
            "too few images to split into train, validation and test; add some",
        ));
    }
    let widest = [&train, &validation, &test]
        .into_iter()
        .max_by_key(|set| set.classes().len());
    let classes = widest.map_or_else(Vec::new, |set| set.classes().to_vec());
    Ok(Splits {
        train,
        validation,
        test,
        classes,
        channels,
    })
}

/// All images of one part in storage order, split as [`open`] splits.
///
/// # Errors
/// As [`open`].
pub fn open_part(config: &DataConfig, part: Part) -> Result<Arc<dyn Dataset>> {
    if part == Part::All {
        return Ok(Source::open(config)?.all());
    }
    let splits = open(config)?;
    Ok(match part {
        Part::Validation => splits.validation,
        Part::Test => splits.test,
        Part::Train | Part::All => splits.train,
    })
}

/// The images of `part` as [`open_part`] orders them, and the part that each is of.
///
/// # Errors
/// As [`open`].
pub fn open_with_parts(config: &DataConfig, part: Part) -> Result<(Arc<dyn Dataset>, Vec<Part>)> {
    if part != Part::All {
        let set = open_part(config, part)?;
        let parts = vec![part; set.len()];
        return Ok((set, parts));
    }
    let source = Source::open(config)?;
    let carved = Carved::of(&source, config);
    let mut parts = carved.parts;
    let own = [
        (Part::Validation, &source.validation),
        (Part::Test, &source.test),
    ];
    for (part, set) in own {
        let count = set.as_ref().map_or(0, |set| set.len());
        parts.extend(std::iter::repeat_n(part, count));
    }
    Ok((source.all(), parts))
}

/// The three parts of a source, and which of them each image of its stored training part went to.
struct Carved {
    train: Arc<dyn Dataset>,
    validation: Arc<dyn Dataset>,
    test: Arc<dyn Dataset>,
    parts: Vec<Part>,
}

impl Carved {
    fn of(source: &Source, config: &DataConfig) -> Self {
        let (mut train, seed) = (source.train.clone(), config.split_seed);
        let mut parts = vec![Part::Train; train.len()];
        let mut places: Vec<u32> = (0..train.len() as u32).collect(); // in the stored part, of what is left of it
        let mut hold_out = |share: f64, draw: u64, part: Part| -> Arc<dyn Dataset> {
            let [kept, taken] = carve(&train, share, seed, draw);
            for &index in taken.indices() {
                parts[places[index as usize] as usize] = part;
            }
            places = kept.indices().iter().map(|&i| places[i as usize]).collect();
            train = Arc::new(kept);
            Arc::new(taken)
        };
        let shares = Shares::of(source, config);
        let test = source.test.clone();
        let test = test.unwrap_or_else(|| hold_out(shares.test, 0, Part::Test));
        let validation = source.validation.clone();
        let validation =
            validation.unwrap_or_else(|| hold_out(shares.validation, 1, Part::Validation));
        Self {
            train,
            validation,
            test,
            parts,
        }
    }
}

/// Refuse data without labels, or with a single class, where classes are asked.
///
/// # Errors
/// A sentence with the source and the way out.
pub fn require_classes(data: &dyn Dataset, source: &str) -> Result<()> {
    let mut labels = (0..data.len()).filter_map(|i| data.label(i));
    let problem = match labels.next() {
        None if !data.tag_names().is_empty() => format!(
            "these images have several labels each ({} in all), and this needs one class an image; `ravine probe` reads such \
             labels from the embeddings",
            data.tag_names().len()
        ),
        None => {
            "these images have no labels, which this needs; put each class in a folder of its own, or use a labelled set"
                .to_string()
        }
        Some(first) if labels.all(|label| label == first) => {
            let name = data.classes().get(first as usize).map_or("?", String::as_str);
            format!("all images are of one class, `{name}`; at least two are needed")
        }
        Some(_) => return Ok(()),
    };
    Err(Error::data(source, problem))
}

/// Whether `set` has images of two classes or more.
fn has_classes(set: &Arc<dyn Dataset>) -> bool {
    require_classes(set.as_ref(), "").is_ok()
}

/// No image of `set`.
fn none_of(set: &Arc<dyn Dataset>) -> Arc<dyn Dataset> {
    Arc::new(Subset::new(set.clone(), Vec::new()))
}

/// What is left of `set` without `share` of it, and that share, stratified by label; `draw` keeps the random numbers of
/// two carvings apart.
fn carve(set: &Arc<dyn Dataset>, share: f64, seed: u64, draw: u64) -> [Subset; 2] {
    let starts = starts_of_groups(set.as_ref());
    let (kept, taken) = take(by_class(set.as_ref(), &starts), share, seed, draw);
    [kept, taken].map(|groups| {
        let end = |group: usize| starts.get(group + 1).copied().unwrap_or(set.len() as u32);
        let images = groups.into_iter().map(|group| group as usize);
        let images = images.flat_map(|group| starts[group]..end(group));
        Subset::new(set.clone(), images.collect())
    })
}

/// The first of the images that are held out together, which lie one after the other.
fn starts_of_groups(set: &dyn Dataset) -> Vec<u32> {
    let all = 0..set.len() as u32;
    let group = |index: u32| set.belongs_to(index as usize);
    let starts = all.clone().filter(|&i| i == 0 || group(i) != group(i - 1));
    let starts: Vec<u32> = starts.collect();
    if starts.len() < FEWEST_GROUPS {
        return all.collect();
    }
    starts
}

/// What is kept and what is taken of each of `classes`, the share drawn from (`seed`, `draw`).
pub(super) fn take(
    classes: Vec<Vec<u32>>,
    share: f64,
    seed: u64,
    draw: u64,
) -> (Vec<u32>, Vec<u32>) {
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let (mut taken, mut kept) = (Vec::new(), Vec::new());
    for (class, (mut members, take)) in classes.into_iter().zip(quotas(&sizes, share)).enumerate() {
        let mut rng = stream(seed, Purpose::Split, draw, class as u64, 0);
        shuffle(&mut members, &mut rng);
        kept.extend(members.split_off(take));
        taken.extend(members);
    }
    (kept, taken)
}

/// Places in `firsts` by the label of the image there, unlabelled images last.
fn by_class(set: &dyn Dataset, firsts: &[u32]) -> Vec<Vec<u32>> {
    let count = set.classes().len();
    let mut classes = vec![Vec::new(); count + 1];
    for (place, &index) in firsts.iter().enumerate() {
        let class = set
            .label(index as usize)
            .map_or(count, |label| (label as usize).min(count));
        classes[class].push(place as u32);
    }
    classes
}

/// How many of each class make up `share` of all, rounded up: whole parts first, then the largest remainders.
fn quotas(sizes: &[usize], share: f64) -> Vec<usize> {
    let exact = |size: usize| size as f64 * share;
    let total: usize = sizes.iter().sum();
    let total = (exact(total) - 1e-9).ceil().max(0.0) as usize;
    let mut quotas: Vec<usize> = sizes
        .iter()
        .map(|&size| exact(size).floor() as usize)
        .collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| exact(sizes[b]).fract().total_cmp(&exact(sizes[a]).fract()));
    let missing = total.saturating_sub(quotas.iter().sum());
    for class in order
        .into_iter()
        .filter(|&class| exact(sizes[class]).fract() > 0.0)
        .take(missing)
    {
        quotas[class] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_add_up_and_follow_the_classes() {
        assert_eq!(quotas(&[10, 20, 30, 0], 0.1), [1, 2, 3, 0]);
        assert_eq!(quotas(&[3, 3, 3], 0.5).iter().sum::<usize>(), 5);
        assert_eq!(quotas(&[7], 0.0), [0]);
        assert_eq!(quotas(&[100], 0.07), [7]);
    }
}
