//! Values whose every number is a sum of two numbers of a node, times factors.

use crate::graph::NodeId;

/// A number of a node's sample, and its factor.
type Term = (u32, f32);

/// Sums of numbers of the tokens of one node.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// The node.
    pub(super) node: NodeId,
    /// The dimensions behind the batch.
    pub(super) dims: Vec<usize>,
    /// The number of a norm that heads are still to take before.
    pub(super) norm: Option<usize>,
    /// One a number, row-major.
    terms: Vec<[Term; 2]>,
}

impl Sums {
    /// The numbers `index` of `node`, all times `factor`.
    pub(super) fn new(
        node: NodeId,
        (dims, index): (Vec<usize>, Vec<usize>),
        factor: f32,
        norm: Option<usize>,
    ) -> Self {
        let term = |at: usize| [(at as u32, factor), (0, 0.0)];
        Self {
            node,
            dims,
            norm,
            terms: index.into_iter().map(term).collect(),
        }
    }

    /// The numbers of the dimension `at` (counted with the batch) from `start` to before `end`.
    pub(super) fn part(&self, at: usize, start: usize, end: usize) -> Self {
        let size = self.dims[at - 1];
        let inner: usize = self.dims[at..].iter().product();
        let rows = self.terms.chunks((size * inner).max(1));
        let terms = rows.flat_map(|row| &row[start * inner..end * inner]);
        let terms = terms.copied().collect();
        let mut dims = self.dims.clone();
        dims[at - 1] = end - start;
        Self {
            dims,
            terms,
            ..*self
        }
    }

    /// `parts` of one node side by side along the dimension `at`, counted with the batch.
    pub(super) fn joined(parts: &[Self], at: usize) -> Option<Self> {
        let first = parts.first()?;
        let place = at.checked_sub(1)?;
        let same = |part: &Self| {
            let mut dims = part.dims.clone();
            *dims.get_mut(place)? = *first.dims.get(place)?;
            Some(dims == first.dims && (part.node, part.norm) == (first.node, first.norm))
        };
        if !parts.iter().all(|part| same(part) == Some(true)) {
            return None;
        }
        let outer: usize = first.dims[..place].iter().product();
        let mut terms = Vec::new();
        for row in 0..outer {
            for part in parts {
                let length = part.terms.len() / outer.max(1);
                terms.extend_from_slice(&part.terms[row * length..(row + 1) * length]);
            }
        }
        let mut dims = first.dims.clone();
        dims[place] = parts.iter().map(|part| part.dims[place]).sum();
        Some(Self {
            dims,
            terms,
            ..*first
        })
    }

    /// The same numbers in other dimensions; none where these are of more or fewer.
    pub(super) fn reshaped(&self, dims: Vec<usize>) -> Option<Self> {
        let fits = dims.iter().product::<usize>() == self.terms.len();
        fits.then(|| Self {
            dims,
            ..self.clone()
        })
    }

    /// All numbers times `factor`.
    pub(super) fn scaled(&self, factor: f32) -> Self {
        let terms = self.terms.iter();
        let terms = terms.map(|terms| terms.map(|(at, own)| (at, own * factor)));
        Self {
            terms: terms.collect(),
            dims: self.dims.clone(),
            ..*self
        }
    }

    /// The product with the table `values` of shape `table`, which is the same for every sample.
    pub(super) fn times(&self, table: &[usize], values: &[f32]) -> Option<Self> {
        let rank = self.dims.len();
        let behind = table.len().saturating_sub(rank);
        if table[..behind].iter().any(|size| *size != 1) {
            return None;
        }
        let sizes = [
            vec![1; rank.saturating_sub(table.len())],
            table[behind..].to_vec(),
        ]
        .concat();
        let mut index = vec![0];
        for (&own, &size) in self.dims.iter().zip(&sizes) {
            if size != own && size != 1 {
                return None;
            }
            let place = move |i: usize| if size == 1 { 0 } else { i };
            let steps = |start: usize| (0..own).map(move |i| start * size + place(i));
            index = index.into_iter().flat_map(steps).collect();
        }
        let terms = self.terms.iter().zip(index);
        let terms = terms.map(|(terms, at)| terms.map(|(own, factor)| (own, factor * values[at])));
        Some(Self {
            terms: terms.collect(),
            dims: self.dims.clone(),
            ..*self
        })
    }

    /// The sum with `sign` times `other`; none where a number would be a sum of more than two.
    pub(super) fn plus(&self, other: &Self, sign: f32) -> Option<Self> {
        if (self.node, &self.dims, self.norm) != (other.node, &other.dims, other.norm) {
            return None;
        }
        let both = |(a, b): (&[Term; 2], &[Term; 2])| {
            let more = b.iter().map(|(at, factor)| (*at, sign * factor));
            let all: Vec<Term> = a
                .iter()
                .copied()
                .chain(more)
                .filter(|term| term.1 != 0.0)
                .collect();
            match all.as_slice() {
                [] => Some([(0, 0.0); 2]),
                [one] => Some([*one, (0, 0.0)]),
                [one, two] => Some([*one, *two]),
                _ => None,
            }
        };
        let terms: Option<Vec<[Term; 2]>> = self.terms.iter().zip(&other.terms).map(both).collect();
        Some(Self {
            terms: terms?,
            dims: self.dims.clone(),
            ..*self
        })
    }

    /// The factor of the node's number `index` in sum `at`.
    pub(super) fn factor(&self, at: usize, index: usize) -> f32 {
        let own = self.terms[at]
            .iter()
            .filter(|term| term.0 as usize == index);
        own.map(|term| term.1).sum()
    }

    /// Whether sum `at` is of the numbers `of` alone.
    pub(super) fn is_only(&self, at: usize, of: [usize; 2]) -> bool {
        let mut terms = self.terms[at].iter();
        terms.all(|(index, factor)| *factor == 0.0 || of.contains(&(*index as usize)))
    }

    /// The first number of the node that is in them.
    pub(super) fn first(&self) -> usize {
        self.terms[0][0].0 as usize
    }

    /// Numbers of a head: twice the distance of two that are added.
    pub(super) fn size(&self) -> Option<usize> {
        let mut pairs = self.terms.iter().filter(|[a, b]| a.1 != 0.0 && b.1 != 0.0);
        pairs.next().map(|[a, b]| 2 * a.0.abs_diff(b.0) as usize)
    }
}
