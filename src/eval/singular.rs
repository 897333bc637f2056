//! Singular values, by the eigenvalues of the smaller of the two products of a matrix with its transpose.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::error::{Error, Result};

/// Rows of the product that a task computes.
const ROWS: usize = 16;

/// Rows of the matrix that are added to the product at once.
const AT_ONCE: usize = 4;

/// Singular values of `values` (N, dim), largest first, right to about 1e-8 of the largest: those below are noise.
///
/// Equal bits whatever the number of threads.
///
/// # Errors
/// Numbers that are not finite.
pub(super) fn singular_values(values: &[f32], dim: usize) -> Result<Vec<f64>> {
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::Failed(
            "the embeddings hold numbers that are not finite: they have no singular values".into(),
        ));
    }
    let rows = values.len() / dim;
    let mut product = if dim <= rows {
        product(values, dim)
    } else {
        let column = |d| values.iter().skip(d).step_by(dim).copied();
        product(&(0..dim).flat_map(column).collect::<Vec<_>>(), rows)
    };
    let size = dim.min(rows);
    let largest = (0..size).fold(0.0, |most: f64, i| most.max(product[i * size + i]));
    if largest > 0.0 {
        for value in &mut product {
            *value /= largest;
        }
    }
    let mut squares = DMatrix::from_vec(size, size, product).symmetric_eigenvalues();
    let squares = squares.as_mut_slice();
    squares.sort_by(|a, b| b.total_cmp(a));
    let root = |square: &f64| (square.max(0.0) * largest).sqrt();
    Ok(squares.iter().map(root).collect())
}

/// `zᵀ z` of `z` (N, n).
fn product(z: &[f32], n: usize) -> Vec<f64> {
    let mut product = vec![0.0; n * n];
    product
        .par_chunks_mut(ROWS * n)
        .enumerate()
        .for_each(|(task, rows)| {
            let first = task * ROWS;
            let mut wide = vec![0.0; AT_ONCE * n];
            for some in z.chunks(AT_ONCE * n) {
                wide.fill(0.0);
                wide.iter_mut()
                    .zip(some)
                    .for_each(|(wide, v)| *wide = f64::from(*v));
                for (i, row) in rows.chunks_exact_mut(n).enumerate() {
                    add(&mut row[first..], &wide, (first, first + i), n);
                }
            }
        });
    for i in 0..n {
        for j in 0..i {
            product[i * n + j] = product[j * n + i];
        }
    }
    product
}

/// Add to a row of the product, from column `first` on, what four rows of z (4, n) say of its column `i`.
fn add(row: &mut [f64], z: &[f64], (first, i): (usize, usize), n: usize) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|k| z[k * n + i]);
    let [p, q, r, s] = [0, 1, 2, 3].map(|k| &z[k * n + first..(k + 1) * n]);
    let others = p.iter().zip(q).zip(r.iter().zip(s));
    for (sum, ((p, q), (r, s))) in row.iter_mut().zip(others) {
        *sum += (a * p + b * q) + (c * r + d * s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, normal, stream};

    fn noise(count: usize) -> Vec<f32> {
        let mut rng = stream(0, Purpose::Check, 1, 0, 0);
        (0..count).map(|_| normal(&mut rng) as f32).collect()
    }

    /// z (N, n) = U diag(σ) Vᵀ with U and V reflections of the first axes along a random direction.
    fn made_of(sigma: &[f64], rows: usize) -> Vec<f32> {
        let reflected = |size: usize, axis: usize, direction: &[f32]| -> Vec<f64> {
            let d: Vec<f64> = direction[..size].iter().map(|v| f64::from(*v)).collect();
            let scale = 2.0 * d[axis] / d.iter().map(|x| x * x).sum::<f64>();
            let own = |i: usize| f64::from(u8::from(i == axis)) - scale * d[i];
            (0..size).map(own).collect()
        };
        let (n, direction) = (sigma.len(), noise(rows + sigma.len()));
        let mut z = vec![0.0; rows * n];
        for (axis, sigma) in sigma.iter().enumerate() {
            let (u, v) = (
                reflected(rows, axis, &direction),
                reflected(n, axis, &direction[rows..]),
            );
            for (row, u) in z.chunks_exact_mut(n).zip(u) {
                row.iter_mut()
                    .zip(&v)
                    .for_each(|(z, v)| *z += sigma * u * v);
            }
        }
        z.into_iter().map(|v| v as f32).collect()
    }

    #[test]
    fn known_singular_values_come_back_of_tall_and_of_wide_matrices() {
        let sigma: Vec<f64> = (0..37).map(|i| 100.0 / f64::from(1 + i * i)).collect();
        let tall = made_of(&sigma, 91);
        let wide: Vec<f32> = (0..37)
            .flat_map(|d| tall.iter().skip(d).step_by(37).copied())
            .collect();
        for (z, dim) in [(tall, 37), (wide, 91)] {
            let found = singular_values(&z, dim).unwrap();
            assert_eq!(found.len(), 37);
            for (found, sigma) in found.iter().zip(&sigma) {
                assert!((found - sigma).abs() < 1e-5, "{found} {sigma}"); // of 32-bit numbers of up to 100
            }
        }
    }

    #[test]
    fn ranks_zeros_and_single_vectors_are_no_special_cases() {
        let close = |found: Vec<f64>, wanted: &[f64]| {
            assert_eq!(found.len(), wanted.len());
            let far = found
                .iter()
                .zip(wanted)
                .find(|(a, b)| (*a - *b).abs() > 1e-6);
            assert!(far.is_none(), "{found:?} {wanted:?}");
        };
        close(singular_values(&[3.0, 4.0], 2).unwrap(), &[5.0]);
        close(singular_values(&[3.0, 4.0], 1).unwrap(), &[5.0]);
        close(singular_values(&[0.0; 12], 3).unwrap(), &[0.0; 3]);
        close(
            singular_values(&[1.0; 12], 3).unwrap(),
            &[12_f64.sqrt(), 0.0, 0.0],
        );
        close(
            singular_values(&[2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0], 3).unwrap(),
            &[2.0; 3],
        );
        assert!(singular_values(&[f32::NAN, 1.0, 2.0, 1.0], 2).is_err());
        // The squares of all are what the trace says.
        let z = noise(300 * 130);
        let sum: f64 = singular_values(&z, 130)
            .unwrap()
            .iter()
            .map(|s| s * s)
            .sum();
        let trace: f64 = z.iter().map(|v| f64::from(*v).powi(2)).sum();
        assert!((sum / trace - 1.0).abs() < 1e-12, "{sum} {trace}");
    }
}
