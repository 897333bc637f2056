//! Minimise a smooth function by L-BFGS with a strong Wolfe line search.

use std::collections::VecDeque;

use super::curvature::Curvature;
use super::line_search::{Point, strong_wolfe};
use super::products::dot;

/// A curvature is measured again when the gradient is down to this share of its size at the last time.
const RENEW: f64 = 1e-3;

/// When to stop, and how much of the past to keep.
#[derive(Clone, Copy, Debug)]
pub struct Lbfgs {
    /// Pairs (step, change of gradient) that make up the approximate inverse Hessian.
    pub history: usize,
    /// Most steps.
    pub max_iter: usize,
    /// Stop when no component of the gradient is larger.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            history: 10,
            max_iter: 1000,
            tolerance: 1e-6,
        }
    }
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The gradient is within the tolerance.
    Converged,
    /// `max_iter` steps were made.
    MaxIter,
    /// No step along the search direction lowers the value: rounding hides what is left to gain, or the
    /// gradient does not belong to the value.
    NoProgress,
}

/// Where the search ended.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The argument.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Largest component of the gradient there, in absolute value.
    pub gradient: f64,
    /// Steps made.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
}

impl Lbfgs {
    /// Minimise `f` from `start`; `f(x, g)` returns the value at `x` and fills `g` with the gradient.
    ///
    /// Each step goes along −H g, H the two-loop product of the last `history` pairs, to a point that
    /// meets the strong Wolfe conditions. A value that is not finite counts as too high. Source: Nocedal
    /// and Wright, *Numerical Optimization*, 2006, algorithms 7.4, 7.5, 3.5 and 3.6.
    ///
    /// ```
    /// use ravine::eval::lbfgs::{Lbfgs, Stop};
    /// let end = Lbfgs::default().minimize(vec![5.0], |x, g| {
    ///     g[0] = 2.0 * (x[0] - 3.0);
    ///     (x[0] - 3.0).powi(2)
    /// });
    /// assert_eq!(end.stop, Stop::Converged);
    /// assert!((end.x[0] - 3.0).abs() < 1e-6);
    /// ```
    pub fn minimize(&self, start: Vec<f64>, f: impl FnMut(&[f64], &mut [f64]) -> f64) -> Optimum {
        self.minimize_with(start, f, |_| None)
    }

    /// [`Lbfgs::minimize`], with H that of `curvature(x)` and the last pairs.
    ///
    /// It is asked for at the start, and again whenever the gradient has fallen by a factor of 1,000.
    pub(super) fn minimize_with(
        &self,
        start: Vec<f64>,
        mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
        mut curvature: impl FnMut(&[f64]) -> Option<Curvature>,
    ) -> Optimum {
        let mut evaluate = |x: Vec<f64>| {
            let mut gradient = vec![0.0; x.len()];
            let value = f(&x, &mut gradient);
            Point { x, value, gradient }
        };
        let mut here = evaluate(start);
        let mut pairs = VecDeque::new();
        let (mut iterations, mut stop) = (0, Stop::MaxIter);
        let (mut metric, mut renewed) = (None, f64::INFINITY);
        loop {
            let gradient = largest(&here.gradient);
            if gradient <= self.tolerance {
                stop = Stop::Converged;
                break;
            }
            if iterations == self.max_iter {
                break;
            }
            if gradient <= RENEW * renewed {
                metric = curvature(&here.x);
                renewed = gradient;
            }
            let direction = descent(&here.gradient, &pairs, metric.as_ref());
            let first = if pairs.is_empty() && metric.is_none() {
                // Without curvature, move no coordinate sum by more than 1.
                (1.0 / here.gradient.iter().map(|g| g.abs()).sum::<f64>()).min(1.0)
            } else {
                1.0
            };
            let Some(next) = strong_wolfe(&here, &direction, first, &mut evaluate) else {
                if pairs.is_empty() && metric.is_none() {
                    stop = Stop::NoProgress;
                    break;
                }
                (pairs, metric) = (VecDeque::new(), None); // once more along the plain gradient before giving up
                continue;
            };
            remember(&mut pairs, &here, &next, self.history);
            here = next;
            iterations += 1;
        }
        Optimum {
            gradient: largest(&here.gradient),
            value: here.value,
            x: here.x,
            iterations,
            stop,
        }
    }
}

/// s = x' − x, y = g' − g, rho = 1 / (s · y).
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

fn remember(pairs: &mut VecDeque<Pair>, here: &Point, next: &Point, history: usize) {
    let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
    let s: Vec<f64> = difference(&next.x, &here.x);
    let y: Vec<f64> = difference(&next.gradient, &here.gradient);
    let curvature = dot(&s, &y);
    if curvature <= f64::EPSILON * dot(&y, &y) {
        return; // rounding: such a pair would make H indefinite
    }
    if pairs.len() == history {
        pairs.pop_front();
    }
    pairs.push_back(Pair {
        s,
        y,
        rho: 1.0 / curvature,
    });
}

/// −H g by the two-loop recursion; it starts from the inverse of `metric`, or of the identity, scaled so that it maps the
/// newest pair's y to a vector of the same product with y as s.
fn descent(gradient: &[f64], pairs: &VecDeque<Pair>, metric: Option<&Curvature>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let alpha = pair.rho * dot(&pair.s, &q);
        add(&mut q, -alpha, &pair.y);
        alphas.push(alpha);
    }
    let solve = |mut x: Vec<f64>| {
        if let Some(metric) = metric {
            metric.solve(&mut x);
        }
        x
    };
    q = solve(q);
    if let Some(newest) = pairs.back() {
        let scale = 1.0 / (newest.rho * dot(&newest.y, &solve(newest.y.clone())));
        for v in &mut q {
            *v *= scale;
        }
    }
    for (pair, alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let beta = pair.rho * dot(&pair.y, &q);
        add(&mut q, alpha - beta, &pair.s);
    }
    q
}

fn add(to: &mut [f64], scale: f64, what: &[f64]) {
    for (t, w) in to.iter_mut().zip(what) {
        *t += scale * w;
    }
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |m, g| m.max(g.abs()))
}
