//! Lines of equal energy, by marching squares.

use super::field::Field;

/// A piece of a line, from one point to another.
pub(super) type Piece = [[f64; 2]; 2];

/// Where `field` is `level`, in its units: one or two straight pieces a square of four neighbouring middles.
pub(super) fn contour(field: &Field, level: f64) -> Vec<Piece> {
    let columns = field.columns;
    let rows = field.energies.len() / columns.max(1);
    let mut pieces = Vec::new();
    for row in 1..rows {
        for column in 1..columns {
            let corners = [
                (column - 1, row - 1),
                (column, row - 1),
                (column, row),
                (column - 1, row),
            ];
            let corners = corners.map(|(c, r)| {
                let at = [field.x.middle(c, columns), field.y.middle(r, rows)];
                (at, f64::from(field.energies[r * columns + c]) - level)
            });
            pieces.extend(square(&corners));
        }
    }
    pieces
}

/// The pieces in one square, whose corners go around it with what they lie above the level.
fn square(corners: &[([f64; 2], f64); 4]) -> Vec<Piece> {
    let mut crossed = Vec::new();
    for i in 0..4 {
        let ((a, above), (b, next)) = (corners[i], corners[(i + 1) % 4]);
        if (above > 0.0) != (next > 0.0) && above.is_finite() && next.is_finite() {
            let part = above / (above - next);
            crossed.push([0, 1].map(|d| a[d] + part * (b[d] - a[d])));
        }
    }
    let pairs = crossed.chunks_exact(2);
    pairs.map(|pair| [pair[0], pair[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Scale;

    #[test]
    fn the_line_runs_where_the_energy_is_the_level() {
        let columns = 5;
        let x = Scale::new(0.0, 5.0);
        let energies = (0..25).map(|i| x.middle(i % columns, columns) as f32);
        let field = Field {
            x,
            y: Scale::new(0.0, 1.0),
            columns,
            energies: energies.collect(),
        };
        let pieces = contour(&field, 2.2);
        assert_eq!(pieces.len(), 4);
        assert!(pieces.iter().flatten().all(|p| (p[0] - 2.2).abs() < 1e-6));
        assert!(contour(&field, 9.0).is_empty());
    }
}
