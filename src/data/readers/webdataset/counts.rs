//! What was passed over in the archives, and what else a person should know of them.

use std::collections::BTreeMap;

/// Kinds of files that are listed; the others are counted together.
const MOST_KINDS: usize = 12;

/// Counts over all shards of a set.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hidden: usize,
    pub(super) without_extension: usize,
    pub(super) meta: usize,
    pub(super) links: usize,
    /// Samples without a picture.
    pub(super) without_picture: usize,
    /// Extensions of their files.
    kinds: BTreeMap<String, usize>,
    /// Pictures beside the first one of their sample.
    pub(super) more_pictures: usize,
    /// Samples whose key another one of their shard has.
    pub(super) repeated: usize,
    pub(super) labelled: usize,
    pub(super) unlabelled: usize,
    /// Labels that are none, and the first of them.
    pub(super) no_class: usize,
    pub(super) first_no_class: Option<String>,
    /// Archives without a mark at their end, and those with more behind it.
    pub(super) unmarked: Vec<String>,
    pub(super) more_behind: Vec<String>,
}

impl Counts {
    /// A file of a sample without a picture.
    pub(super) fn kind(&mut self, extension: &str) {
        let known = self.kinds.len() < MOST_KINDS || self.kinds.contains_key(extension);
        let name = if known { extension } else { "others" };
        *self.kinds.entry(name.to_string()).or_default() += 1;
    }

    /// A sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let kinds: Vec<String> = self.kinds.iter().map(|(n, c)| format!("{c} {n}")).collect();
        let (kinds, first) = (kinds.join(", "), self.first_no_class.as_deref());
        let counted = [
            (self.without_picture, format!("passed over: # samples without a picture that is read (their files: {kinds})")),
            (self.more_pictures, "passed over: # pictures beside the first of their sample; files are of one sample where their names are \
                                  the same up to the first dot".into()),
            (self.hidden, "passed over: # hidden files".into()),
            (self.without_extension, "passed over: # files without an extension".into()),
            (self.meta, "passed over: # files about the archive (__…__)".into()),
            (self.links, "passed over: # links, which are not followed; write the files themselves into the archive".into()),
            (self.repeated, "# samples have a key that another one of their shard has: their files are not neighbors; their ids end \
                             in a number".into()),
            (self.no_class, format!("# labels are no classes and count as missing; the first: {}", first.unwrap_or_default())),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        let counted = counted.map(|(count, note)| note.replacen('#', &count.to_string(), 1));
        counted
            .chain(self.on_labels())
            .chain(self.on_ends())
            .collect()
    }

    fn on_labels(&self) -> Option<String> {
        let all = self.labelled + self.unlabelled;
        if self.labelled == 0 {
            return (all > 0).then(|| {
                "no sample has a class, as a number in `.cls` or as `label`, `class` or `cls` in `.json`; `data.label` names \
                 another field or key, and folders in the archives are not taken for classes"
                    .into()
            });
        }
        (self.unlabelled > 0)
            .then(|| format!("{} of {all} pictures have no label", self.unlabelled))
    }

    fn on_ends(&self) -> impl Iterator<Item = String> {
        let named = |names: &[String], what: &str| {
            let first = names.first()?;
            let more = match names.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!("{first}{more}: {what}"))
        };
        let cut =
            "no end mark (two empty blocks) stands behind the last file: the rest may be missing";
        let behind = "what stands behind the end mark is not read; were archives joined? Give them as files of their own";
        [named(&self.unmarked, cut), named(&self.more_behind, behind)]
            .into_iter()
            .flatten()
    }
}
