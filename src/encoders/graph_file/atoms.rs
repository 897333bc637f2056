//! Dimensions of a value as pieces of the dimensions of a node: what reshaping and turning do to them.

/// A piece of a dimension of a node's batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    /// The dimension: 0 is the batch.
    pub(super) axis: usize,
    /// Indices of this piece.
    pub(super) size: usize,
    /// Indices of the whole dimension from one of this piece to the next.
    pub(super) inner: usize,
}

/// One dimension: pieces from slowest to fastest; none of a dimension of size 1.
pub(super) type Dim = Vec<Atom>;

/// The dimensions of a batch of `shape` as they are.
pub(super) fn whole(shape: &[usize]) -> Vec<Dim> {
    let atom = |(axis, &size): (usize, &usize)| {
        let atom = Atom {
            axis,
            size,
            inner: 1,
        };
        if size == 1 { Vec::new() } else { vec![atom] }
    };
    shape.iter().enumerate().map(atom).collect()
}

/// A dimension of the pieces (axis, size, inner), those of size 1 left out.
pub(super) fn dim(pieces: &[(usize, usize, usize)]) -> Dim {
    let atom = |&(axis, size, inner): &(usize, usize, usize)| Atom { axis, size, inner };
    pieces
        .iter()
        .map(atom)
        .filter(|atom| atom.size > 1)
        .collect()
}

/// The size of `dim`.
pub(super) fn size(dim: &Dim) -> usize {
    dim.iter().map(|atom| atom.size).product()
}

/// Pieces that belong together as one.
pub(super) fn merged(dim: &Dim) -> Dim {
    let mut joined: Dim = Vec::new();
    for atom in dim {
        match joined.last_mut() {
            Some(last) if last.axis == atom.axis && last.inner == atom.inner * atom.size => {
                *last = Atom {
                    size: last.size * atom.size,
                    ..*atom
                };
            }
            _ => joined.push(*atom),
        }
    }
    joined
}

/// `dims` regrouped to the sizes `target`, of which one may be −1; `None` where pieces do not divide so.
pub(super) fn reshaped(dims: &[Dim], target: &[i64]) -> Option<Vec<Dim>> {
    let mut sizes = target.to_vec();
    if let Some(open) = sizes.iter().position(|&size| size == -1) {
        let all: usize = dims.iter().map(size).product();
        let known: usize = sizes
            .iter()
            .filter(|&&size| size != -1)
            .map(|&size| usize::try_from(size).ok())
            .product::<Option<usize>>()?;
        if known == 0 || !all.is_multiple_of(known) {
            return None;
        }
        sizes[open] = (all / known) as i64;
    }
    let mut left: Vec<Atom> = dims.iter().flatten().copied().rev().collect();
    let mut found = Vec::new();
    for &size in &sizes {
        let mut open = usize::try_from(size).ok().filter(|&size| size > 0)?;
        let mut dim = Vec::new();
        while open > 1 {
            let atom = left.pop()?;
            if open % atom.size == 0 {
                open /= atom.size;
                dim.push(atom);
            } else if atom.size % open == 0 {
                let rest = atom.size / open;
                dim.push(Atom {
                    size: open,
                    inner: atom.inner * rest,
                    ..atom
                });
                left.push(Atom { size: rest, ..atom });
                open = 1;
            } else {
                return None;
            }
        }
        found.push(merged(&dim));
    }
    left.iter().all(|atom| atom.size == 1).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_that_is_split_turned_and_joined_comes_back_whole() {
        let dims = whole(&[7, 17, 3 * 2 * 12]);
        let split = reshaped(&dims, &[7, -1, 3, 2, 12]).expect("it divides");
        assert_eq!(
            split[2],
            [Atom {
                axis: 2,
                size: 3,
                inner: 24
            }]
        );
        assert_eq!(
            split[3],
            [Atom {
                axis: 2,
                size: 2,
                inner: 12
            }]
        );
        let turned: Vec<Dim> = [2, 0, 3, 1, 4].map(|i| split[i].clone()).into();
        let merged = reshaped(&turned, &[3, 14, 17, 12]).expect("it divides");
        assert_eq!(reshaped(&merged, &[3, 7, 2, 17, 12]), Some(turned));
        assert_eq!(reshaped(&split, &[7, 17, 72]), Some(dims.clone()));
        assert_eq!(reshaped(&dims, &[7, 5, -1]), None);
    }
}
