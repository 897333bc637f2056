//! A step length that meets the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6).
//!
//! value(t) <= value(0) + 1e-4 t slope(0) and |slope(t)| <= 0.9 |slope(0)|, t the step length.

use super::products::dot;

const SUFFICIENT: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// Share of the value by which a sum over many rows may be off: a step that is better by less is judged by its slope.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Doublings and bisections before giving up.
const TRIES: usize = 40;

/// An argument with the function's value and gradient there.
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
}

/// One tried step: its length, and the value and slope along the direction.
struct Trial {
    t: f64,
    slope: f64,
    point: Point,
}

/// The function along the line `start` + t `direction`.
struct Line<'a, F> {
    start: &'a Point,
    direction: &'a [f64],
    slope: f64,
    evaluate: F,
}

/// The point at a step along `direction` that meets both conditions, tried first at t = `first`.
///
/// When rounding lets none meet the second, the lowest point that meets the first; `None` when no point is lower.
pub(super) fn strong_wolfe(
    start: &Point,
    direction: &[f64],
    first: f64,
    evaluate: impl FnMut(Vec<f64>) -> Point,
) -> Option<Point> {
    let slope = dot(&start.gradient, direction);
    if slope >= 0.0 || !slope.is_finite() {
        return None;
    }
    let mut line = Line {
        start,
        direction,
        slope,
        evaluate,
    };
    line.search(first)
}

impl<F: FnMut(Vec<f64>) -> Point> Line<'_, F> {
    /// Algorithm 3.5: double the step until it is good or a good one is bracketed.
    fn search(&mut self, first: f64) -> Option<Point> {
        let mut before = self.origin();
        let mut t = first;
        for _ in 0..TRIES {
            let trial = self.at(t);
            if self.good(&trial) {
                return Some(trial.point);
            }
            if self.too_high(&trial) || trial.point.value >= before.point.value {
                return self.zoom(before, trial);
            }
            if trial.slope >= 0.0 {
                return self.zoom(trial, before);
            }
            before = trial;
            t *= 2.0;
        }
        self.accept(before)
    }

    /// Algorithm 3.6: `low` is the lowest point that meets the first condition, its slope points at `high`.
    fn zoom(&mut self, mut low: Trial, mut high: Trial) -> Option<Point> {
        for _ in 0..TRIES {
            let trial = self.at(between(&low, &high));
            if self.good(&trial) {
                return Some(trial.point);
            }
            if self.too_high(&trial) || trial.point.value >= low.point.value {
                high = trial;
            } else {
                if trial.slope * (high.t - low.t) >= 0.0 {
                    high = low;
                }
                low = trial;
            }
        }
        self.accept(low)
    }

    fn origin(&self) -> Trial {
        Trial {
            t: 0.0,
            slope: self.slope,
            point: Point {
                x: self.start.x.clone(),
                value: self.start.value,
                gradient: self.start.gradient.clone(),
            },
        }
    }

    fn at(&mut self, t: f64) -> Trial {
        let line = self.start.x.iter().zip(self.direction);
        let point = (self.evaluate)(line.map(|(x, d)| x + t * d).collect());
        Trial {
            t,
            slope: dot(&point.gradient, self.direction),
            point,
        }
    }

    /// Whether both conditions are met.
    fn good(&self, trial: &Trial) -> bool {
        !self.too_high(trial) && self.flat(trial)
    }

    /// By more than rounding; also true of NaN and infinity.
    fn too_high(&self, trial: &Trial) -> bool {
        let rounding = ROUNDING * self.start.value.abs();
        let bound = self.start.value + SUFFICIENT * trial.t * self.slope + rounding;
        !(trial.point.value <= bound && trial.slope.is_finite())
    }

    fn flat(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= CURVATURE * self.slope.abs()
    }

    fn accept(&self, trial: Trial) -> Option<Point> {
        (trial.point.value < self.start.value).then_some(trial.point)
    }
}

/// Minimum of the cubic through both ends (equation 3.59), kept a tenth away from them; else the middle.
fn between(low: &Trial, high: &Trial) -> f64 {
    let width = high.t - low.t;
    let theta = low.slope + high.slope - 3.0 * (high.point.value - low.point.value) / width;
    let root = (theta * theta - low.slope * high.slope).sqrt() * width.signum();
    let share = 1.0 - (high.slope + root - theta) / (high.slope - low.slope + 2.0 * root);
    if share.is_finite() {
        low.t + share.clamp(0.1, 0.9) * width
    } else {
        low.t + 0.5 * width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two functions of Moré and Thuente (1994) and one with many minima, all downhill at 0: (name, value, slope).
    type Function = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
    const FUNCTIONS: [Function; 3] = [
        (
            "rational",
            |t| -t / (t * t + 2.0),
            |t| (t * t - 2.0) / (t * t + 2.0).powi(2),
        ),
        (
            "steep",
            |t| (t + 0.004).powi(5) - 2.0 * (t + 0.004).powi(4),
            |t| 5.0 * (t + 0.004).powi(4) - 8.0 * (t + 0.004).powi(3),
        ),
        (
            "waves",
            |t| 0.1 * t * t - 2.0 * t + (3.0 * t).sin() / 2.0,
            |t| 0.2 * t - 2.0 + 1.5 * (3.0 * t).cos(),
        ),
    ];

    #[test]
    fn the_step_meets_both_conditions_from_any_first_length() {
        for (name, value, slope) in &FUNCTIONS {
            for first in [1e-3, 0.1, 1.0, 10.0, 1000.0] {
                let mut calls = 0;
                let mut evaluate = |x: Vec<f64>| {
                    calls += 1;
                    Point {
                        value: value(x[0]),
                        gradient: vec![slope(x[0])],
                        x,
                    }
                };
                let start = evaluate(vec![0.0]);
                let end = strong_wolfe(&start, &[1.0], first, &mut evaluate).unwrap();
                let lower = SUFFICIENT * end.x[0] * slope(0.0);
                assert!(end.value <= value(0.0) + lower, "{name} from {first}");
                let flat = end.gradient[0].abs() <= CURVATURE * slope(0.0).abs();
                assert!(flat, "{name} from {first}: slope {}", end.gradient[0]);
                assert!(calls < 30, "{name} from {first}: {calls} calls");
            }
        }
    }
}
