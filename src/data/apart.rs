//! Parts that keep what belongs together in one of them: groups, and stretches of time.

use std::collections::HashMap;

use super::config::DataConfig;
use super::dataset::Dataset;
use super::part::Part;
use super::shares::Shares;
use super::times::times;
use crate::error::{Error, Result, hint};
use crate::random::{Purpose, shuffle, stream};

/// What keeps images in one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apart {
    /// Images with the same text in this further column.
    Group(String),
    /// Images whose path has the same folders down to this level, 1 at the top.
    Folder(usize),
    /// Images of the same time in this further column; the oldest are trained on, the newest are the test.
    Time(String),
}

/// The part of each image of `data`, all of it split anew by `data.test`, `data.validation` and `data.split_seed`.
///
/// Groups are drawn so that parts and their classes have their shares as nearly as groups allow; of times the shares are
/// cut where the time changes.
///
/// # Errors
/// A column that is not there, images without a text in it or without such a folder, a time that is none, fewer groups or
/// times than parts.
pub fn parts_apart(data: &dyn Dataset, config: &DataConfig, by: &Apart) -> Result<Vec<Part>> {
    config.check()?;
    let shares = Shares::labelled(config);
    let total = data.len() as f64;
    let test = shares.test * total;
    let validation = shares.validation * (total - test);
    let wanted = [
        (Part::Train, total - test - validation),
        (Part::Validation, validation),
        (Part::Test, test),
    ];
    let wanted: Vec<(Part, f64)> = wanted.into_iter().filter(|(_, size)| *size > 0.0).collect();
    let keys = Keys { data, config };
    match by {
        Apart::Group(column) => {
            let groups = numbered(&keys.column(column)?);
            grouped(
                data,
                config,
                &groups,
                &wanted,
                &format!("groups of `{column}`"),
            )
        }
        Apart::Folder(level) => {
            let folders = keys.folders(*level)?;
            let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
            let groups = numbered(&folders);
            grouped(
                data,
                config,
                &groups,
                &wanted,
                &format!("folders at level {level}"),
            )
        }
        Apart::Time(column) => {
            let texts = keys.column(column)?;
            let times = times(&texts).map_err(|place| {
                keys.wrong(format!(
                    "`{}` of {} in the column `{column}` is no time; write all of them as numbers, or as dates of ISO \
                     8601: 2021-03-07 or 2021-03-07T14:05:09",
                    texts[place],
                    data.id(place)
                ))
            })?;
            in_time(&times, &wanted)
                .map_err(|found| keys.too_few(found, wanted.len(), &format!("times in `{column}`")))
        }
    }
}

/// What images are kept together by.
struct Keys<'a> {
    data: &'a dyn Dataset,
    config: &'a DataConfig,
}

impl<'a> Keys<'a> {
    fn wrong(&self, problem: String) -> Error {
        Error::data(&self.config.source, problem)
    }

    fn too_few(&self, found: usize, parts: usize, what: &str) -> Error {
        self.wrong(format!(
            "{found} {what} are fewer than the {parts} parts; set data.validation=0 or data.test=0 to have fewer parts"
        ))
    }

    /// The texts of the further column `name`.
    fn column(&self, name: &str) -> Result<Vec<&'a str>> {
        let names = self.data.metadata();
        let Some(column) = names.iter().position(|own| own == name) else {
            let source = &self.config.source;
            return Err(Error::Usage(if names.is_empty() {
                format!(
                    "{source}: there is no column `{name}`: nothing stands beside these images but their labels; give a \
                     list of pictures with such a column, or --group-folder"
                )
            } else {
                let way = hint(name, names.iter().map(String::as_str));
                format!(
                    "{source}: there is no column `{name}` among `{}`; {way}",
                    names.join("`, `")
                )
            }));
        };
        let cells = (0..self.data.len()).map(|i| self.data.cell(i, column));
        let cells: Vec<Option<&str>> = cells.collect();
        self.whole(
            &cells,
            &format!("have an empty cell in the column `{name}`"),
        )
    }

    /// The folders of each image down to `level`.
    fn folders(&self, level: usize) -> Result<Vec<String>> {
        let folder = |i| {
            let id: String = self.data.id(i);
            let above: Vec<&str> = id.split('/').collect();
            (above.len() > level).then(|| above[..level].join("/"))
        };
        let folders: Vec<Option<String>> = (0..self.data.len()).map(folder).collect();
        let texts: Vec<Option<&str>> = folders.iter().map(Option::as_deref).collect();
        self.whole(&texts, &format!("lie in no folder at level {level}"))?;
        Ok(folders.into_iter().flatten().collect())
    }

    /// All of `cells`, none of which may be empty.
    fn whole<'c>(&self, cells: &[Option<&'c str>], what: &str) -> Result<Vec<&'c str>> {
        let empty = cells.iter().filter(|cell| cell.is_none()).count();
        if let Some(first) = cells.iter().position(Option::is_none) {
            return Err(self.wrong(format!(
                "{empty} of {} images {what}; the first: {}. Fill them, or take these images out",
                cells.len(),
                self.data.id(first)
            )));
        }
        Ok(cells.iter().flatten().copied().collect())
    }
}

/// Texts by the order in which they first come.
fn numbered(texts: &[&str]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    let number = |text| {
        let next = numbers.len();
        *numbers.entry(text).or_insert(next)
    };
    texts.iter().map(number).collect()
}

/// How many images a group has of each class, the last of which stands for all images.
type Members = Vec<(usize, f64)>;

fn grouped(
    data: &dyn Dataset,
    config: &DataConfig,
    groups: &[usize],
    wanted: &[(Part, f64)],
    what: &str,
) -> Result<Vec<Part>> {
    let classes = data.classes().len();
    let count = groups.iter().max().map_or(0, |top| top + 1);
    if count < wanted.len() {
        return Err(Keys { data, config }.too_few(count, wanted.len(), what));
    }
    let mut members: Vec<HashMap<usize, f64>> = vec![HashMap::new(); count];
    for (index, &group) in groups.iter().enumerate() {
        let class = data.label(index).map_or(classes, |label| label as usize);
        *members[group].entry(class).or_default() += 1.0;
        *members[group].entry(classes + 1).or_default() += 1.0;
    }
    let members: Vec<Members> = members
        .into_iter()
        .map(|counts| {
            let mut counts: Members = counts.into_iter().collect();
            counts.sort_by_key(|(class, _)| *class);
            counts
        })
        .collect();
    let chosen = deal(&members, classes + 2, wanted, config.split_seed);
    Ok(groups
        .iter()
        .map(|&group| wanted[chosen[group]].0)
        .collect())
}

/// The part of each group: the largest first, each where it brings the counts of images and classes nearest to their
/// shares (in squares over what is wanted).
fn deal(members: &[Members], classes: usize, wanted: &[(Part, f64)], seed: u64) -> Vec<usize> {
    let size = |group: usize| members[group].last().map_or(0.0, |(_, count)| *count);
    let total: f64 = (0..members.len()).map(size).sum();
    let mut of_class = vec![0.0; classes];
    for &(class, count) in members.iter().flatten() {
        of_class[class] += count;
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    shuffle(&mut order, &mut stream(seed, Purpose::Split, 2, 0, 0));
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
    let mut have = vec![vec![0.0; classes]; wanted.len()];
    let mut chosen = vec![0; members.len()];
    let mut left = members.len();
    for group in order {
        let empty: Vec<usize> = (0..wanted.len())
            .filter(|&part| have[part][classes - 1] == 0.0)
            .collect();
        let cost = |part: usize| -> f64 {
            let share = wanted[part].1 / total;
            let costs = members[group].iter().map(|&(class, count)| {
                let target = of_class[class] * share;
                count * (2.0 * (have[part][class] - target) + count) / target
            });
            costs.sum()
        };
        // The last groups are for the parts that have none.
        let candidates: Vec<usize> = if left == empty.len() {
            empty
        } else {
            (0..wanted.len()).collect()
        };
        let best = candidates
            .into_iter()
            .min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        chosen[group] = best.unwrap_or(0);
        for &(class, count) in &members[group] {
            have[chosen[group]][class] += count;
        }
        left -= 1;
    }
    chosen
}

/// The part of each image by its time, cut where the time changes; the number of times where they are fewer than parts.
fn in_time(times: &[f64], wanted: &[(Part, f64)]) -> std::result::Result<Vec<Part>, usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let changes = (1..order.len()).filter(|&i| times[order[i]] > times[order[i - 1]]);
    let changes: Vec<usize> = changes.collect();
    if changes.len() + 1 < wanted.len() {
        return Err(changes.len() + usize::from(!times.is_empty()));
    }
    let mut parts = vec![wanted[0].0; times.len()];
    let mut end = changes.len(); // changes before the part behind
    let mut behind = 0.0;
    for place in (1..wanted.len()).rev() {
        behind += wanted[place].1;
        let cut = times.len() as f64 - behind;
        let open = &changes[place - 1..end]; // as many are left for the parts before
        let distance = |&at: &usize| (at as f64 - cut).abs();
        let best =
            (0..open.len()).min_by(|&a, &b| distance(&open[a]).total_cmp(&distance(&open[b])));
        let best = place - 1 + best.unwrap_or(0);
        let from = changes[best];
        for &image in &order[from..] {
            if parts[image] == wanted[0].0 {
                parts[image] = wanted[place].0;
            }
        }
        end = best;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [(Part, f64); 3] = [
        (Part::Train, 7.0),
        (Part::Validation, 1.0),
        (Part::Test, 2.0),
    ];

    #[test]
    fn times_are_cut_where_they_change_and_every_part_has_some() {
        let parts = |times: &[f64]| {
            let letter = |part: Part| part.name().chars().next().unwrap_or('?');
            let parts = in_time(times, &WANTED)?;
            Ok::<String, usize>(parts.into_iter().map(letter).collect())
        };
        let of = |text: &str| -> Vec<f64> { text.bytes().map(f64::from).collect() };
        assert_eq!(parts(&of("0123456789")).unwrap(), "tttttttvtt");
        let split = in_time(&of("9876543210"), &WANTED).unwrap();
        assert_eq!(split[..3], [Part::Test, Part::Test, Part::Validation]);
        let split = in_time(&of("0000000001"), &WANTED[..2]).unwrap();
        assert_eq!(split[8..], [Part::Train, Part::Validation]);
        let split = in_time(&of("0122222222"), &WANTED).unwrap();
        assert_eq!(split[..3], [Part::Train, Part::Validation, Part::Test]);
        assert_eq!(split[9], Part::Test);
        assert_eq!(in_time(&of("0000000011"), &WANTED), Err(2));
    }

    #[test]
    fn groups_are_dealt_near_their_shares_and_every_part_has_one() {
        let sizes: Vec<f64> = (0..50).map(|i| f64::from(1 + i % 7)).collect();
        let total: f64 = sizes.iter().sum();
        let wanted = [
            (Part::Train, total * 0.7),
            (Part::Validation, total * 0.1),
            (Part::Test, total * 0.2),
        ];
        // Half of the groups are of each of two classes.
        let members: Vec<Members> = (0..50)
            .map(|i| vec![(i % 2, sizes[i]), (2, sizes[i])])
            .collect();
        let chosen = deal(&members, 3, &wanted, 0);
        assert_ne!(chosen, deal(&members, 3, &wanted, 1));
        assert_eq!(chosen, deal(&members, 3, &wanted, 0));
        for (part, (_, size)) in wanted.iter().enumerate() {
            for class in 0..2 {
                let own = (0..50).filter(|&i| chosen[i] == part && i % 2 == class);
                let own: f64 = own.map(|i| sizes[i]).sum();
                assert!(
                    (own - size / 2.0).abs() < 4.0,
                    "{part} {class}: {own} of {size}"
                );
            }
        }
        let three: Vec<Members> = [90.0, 5.0, 5.0].map(|count| vec![(0, count)]).to_vec();
        let mut parts = deal(
            &three,
            1,
            &[
                (Part::Train, 70.0),
                (Part::Validation, 10.0),
                (Part::Test, 20.0),
            ],
            0,
        );
        assert_eq!(parts[0], 0);
        parts.sort_unstable();
        assert_eq!(parts, [0, 1, 2]);
    }
}
