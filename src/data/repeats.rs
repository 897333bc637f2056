//! Images that a data set holds twice: harmless within a part, a leak from one part to another.

use serde::Serialize;

use super::dataset::Dataset;
use super::part::Part;

/// Pairs of a leak that are named.
const NAMED: usize = 5;

/// Images with equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// Images that have an equal one before them in their own part.
    pub within: usize,
    /// Those that have one in another part, by the two parts.
    pub across: Vec<Leak>,
}

/// Images of one part that are in another one too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The part that comes first.
    pub from: Part,
    /// The part that should know nothing of it.
    pub to: Part,
    /// Images of `to` that have an equal one in `from`.
    pub images: usize,
    /// Ids of the first of them: that in `from`, that in `to`.
    pub first: Vec<[String; 2]>,
}

/// The repeats among the images of `data`, of the `parts` given, by the digest of each.
pub(super) fn repeats(
    data: &dyn Dataset,
    parts: &[Part],
    mut digests: Vec<([u8; 32], u32)>,
) -> Repeats {
    digests.sort_unstable();
    let mut within = 0;
    let mut leaks = [
        (Part::Train, Part::Validation),
        (Part::Train, Part::Test),
        (Part::Validation, Part::Test),
    ]
    .map(|parts| (parts, Vec::<[u32; 2]>::new()));
    for equal in digests.chunk_by(|a, b| a.0 == b.0).filter(|e| e.len() > 1) {
        let of = |wanted: Part| {
            equal
                .iter()
                .map(|e| e.1)
                .filter(move |&i| parts[i as usize] == wanted)
        };
        for part in [Part::Train, Part::Validation, Part::Test] {
            within += of(part).count().saturating_sub(1);
        }
        for ((from, to), pairs) in &mut leaks {
            if let Some(first) = of(*from).next() {
                pairs.extend(of(*to).map(|index| [first, index]));
            }
        }
    }
    let leaks = leaks.into_iter().filter(|(_, pairs)| !pairs.is_empty());
    let across = leaks.map(|((from, to), mut pairs)| {
        pairs.sort_unstable_by_key(|pair| pair[1]);
        let first = pairs.iter().take(NAMED);
        Leak {
            from,
            to,
            images: pairs.len(),
            first: first
                .map(|pair| pair.map(|i| data.id(i as usize)))
                .collect(),
        }
    });
    Repeats {
        within,
        across: across.collect(),
    }
}
