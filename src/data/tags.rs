//! Several labels a picture: which of a list of tags each picture has.

use std::collections::HashMap;
use std::ops::Range;

use super::ordered::ordered;

/// The tags of the pictures of a set: of each picture any number of them, or nothing known.
///
/// Memory: 16 bytes a picture, and 4 bytes a tag that it has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    names: Vec<String>,
    of: Vec<Option<Box<[u32]>>>,
}

impl Tags {
    /// Tags in words, picture by picture; `None` where nothing is known of one.
    ///
    /// The tags are numbered in the order of their names, or of their value where all are numbers. Where all words are 0 and 1,
    /// or truth values, as many in each picture, and some picture has one of them twice, they say whether it has tag 0, 1, ….
    #[must_use]
    pub fn of_words<'a, W: Iterator<Item = &'a str>>(
        pictures: impl Iterator<Item = Option<W>>,
    ) -> Self {
        let (mut names, mut places) = (Vec::new(), HashMap::new());
        let mut place = |word: &'a str| {
            *places.entry(word).or_insert_with(|| {
                names.push(word.to_string());
                names.len() as u32 - 1
            })
        };
        let of = pictures.map(|words| words.map(|words| words.map(&mut place).collect()));
        let of: Vec<Option<Vec<u32>>> = of.collect();
        if let Some(tags) = of_truths(&names, &of) {
            return tags;
        }
        let each_once = |words: Option<Vec<u32>>| Some(each_once(words?.into_iter()));
        let mut tags = Self {
            of: of.into_iter().map(each_once).collect(),
            names,
        };
        let names = ordered(tags.names.iter().cloned());
        tags.renumber(&names);
        tags
    }

    /// Tags as rows of truth values, (N, T) row-major, under their `names`, (T,); `None` where nothing is known of a picture.
    #[must_use]
    pub fn of_rows(names: Vec<String>, rows: impl Iterator<Item = Option<Vec<bool>>>) -> Self {
        let places = |row: Vec<bool>| {
            let set = (0..).zip(row).filter(|(_, holds)| *holds);
            each_once(set.map(|(place, _)| place))
        };
        Self {
            names,
            of: rows.map(|row| row.map(places)).collect(),
        }
    }

    /// The names of the tags.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The tags of a picture, ascending; `None` where nothing is known of it.
    #[must_use]
    pub fn get(&self, picture: usize) -> Option<&[u32]> {
        self.of.get(picture)?.as_deref()
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there is no picture.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether any picture has a tag.
    #[must_use]
    pub fn any(&self) -> bool {
        self.of.iter().flatten().any(|tags| !tags.is_empty())
    }

    /// Those of some pictures.
    ///
    /// # Panics
    /// There are fewer pictures.
    #[must_use]
    pub fn some(&self, pictures: Range<usize>) -> Self {
        Self {
            names: self.names.clone(),
            of: self.of[pictures].to_vec(),
        }
    }

    /// Add the pictures of `other` after its own.
    pub fn append(&mut self, mut other: Self) {
        let all = self.names.iter().chain(&other.names).cloned();
        let names = ordered(all);
        self.renumber(&names);
        other.renumber(&names);
        self.of.append(&mut other.of);
    }

    /// Add `count` pictures of which nothing is known.
    pub fn append_unknown(&mut self, count: usize) {
        self.of.resize(self.of.len() + count, None);
    }

    /// Number the tags by `names`, which holds all of them.
    pub fn renumber(&mut self, names: &[String]) {
        if self.names == names {
            return;
        }
        let places: HashMap<&String, u32> = names.iter().zip(0..).collect();
        let new: Vec<Option<&u32>> = self.names.iter().map(|name| places.get(name)).collect();
        for tags in self.of.iter_mut().flatten() {
            let known = tags.iter().filter_map(|&tag| new[tag as usize].copied());
            *tags = each_once(known);
        }
        self.names = names.to_vec();
    }
}

/// Words that say of each tag whether a picture has it; `None` where they name tags.
fn of_truths(names: &[String], of: &[Option<Vec<u32>>]) -> Option<Tags> {
    let truth = |name: &String| match name.to_ascii_lowercase().as_str() {
        "0" | "0.0" | "false" => Some(false),
        "1" | "1.0" | "true" => Some(true),
        _ => None,
    };
    let truths: Vec<bool> = names.iter().map(truth).collect::<Option<_>>()?;
    let known = || of.iter().flatten();
    let length = known().next()?.len();
    let repeats = |row: &Vec<u32>| each_once(row.iter().copied()).len() < row.len();
    if !known().all(|row| row.len() == length) || !known().any(repeats) {
        return None;
    }
    let row = |row: &Vec<u32>| row.iter().map(|&place| truths[place as usize]).collect();
    let rows = of.iter().map(|own| own.as_ref().map(row));
    let names = (0..length).map(|tag| tag.to_string()).collect();
    Some(Tags::of_rows(names, rows))
}

fn each_once(tags: impl Iterator<Item = u32>) -> Box<[u32]> {
    let mut tags: Vec<u32> = tags.collect();
    tags.sort_unstable();
    tags.dedup();
    tags.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(cells: &[Option<&'static str>]) -> Tags {
        let split = |cell: Option<&'static str>| cell.map(|cell| cell.split_terminator(' '));
        Tags::of_words(cells.iter().copied().map(split))
    }

    #[test]
    fn tags_are_numbered_by_name_and_each_counts_once() {
        let tags = words(&[Some("road haze road"), None, Some(""), Some("cloud")]);
        assert_eq!(tags.names(), ["cloud", "haze", "road"]);
        assert_eq!(tags.get(0), Some(&[1, 2][..]));
        assert_eq!((tags.get(1), tags.get(2)), (None, Some(&[][..])));
        assert_eq!(words(&[Some("10 9")]).names(), ["9", "10"]);
        let rows = words(&[Some("0 1 1"), None, Some("0 0 1")]);
        assert_eq!(rows.names(), ["0", "1", "2"]);
        assert_eq!(
            (rows.get(0), rows.get(2)),
            (Some(&[1, 2][..]), Some(&[2][..]))
        );
        assert_eq!(words(&[Some("0 1"), Some("1 0")]).get(0), Some(&[0, 1][..]));
    }

    #[test]
    fn pictures_of_several_shards_share_their_tags() {
        let mut tags = words(&[Some("b")]);
        tags.append(words(&[Some("c a")]));
        assert_eq!(tags.names(), ["a", "b", "c"]);
        assert_eq!(
            (tags.get(0), tags.get(1)),
            (Some(&[1][..]), Some(&[0, 2][..]))
        );
    }
}
