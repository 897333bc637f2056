//! A range of numbers with its ticks.

/// From `low` to `high`, which differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Scale {
    /// From one number to another; a single number gets some room.
    #[must_use]
    pub fn new(a: f64, b: f64) -> Self {
        let (low, high) = (a.min(b), a.max(b));
        if !(low.is_finite() && high.is_finite()) {
            return Self {
                low: 0.0,
                high: 1.0,
            };
        }
        if high - low > 1e-9 * low.abs().max(high.abs()) {
            return Self { low, high };
        }
        let room = if low == 0.0 { 0.5 } else { 0.1 * low.abs() };
        Self {
            low: low - room,
            high: high + room,
        }
    }

    /// Of all finite `values`; from 0 to 1 when there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        Self::new(low, high)
    }

    /// `high − low`.
    #[must_use]
    pub fn span(&self) -> f64 {
        self.high - self.low
    }

    /// Longer at both ends by this share of its span.
    #[must_use]
    pub fn wider(&self, share: f64) -> Self {
        let room = share * self.span();
        Self {
            low: self.low - room,
            high: self.high + room,
        }
    }

    /// Longer at its upper end, where its span is below `span`.
    #[must_use]
    pub fn at_least(&self, span: f64) -> Self {
        Self {
            low: self.low,
            high: self.high.max(self.low + span),
        }
    }

    /// How far along `value` lies: 0 at `low`, 1 at `high`.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / self.span()
    }

    /// Whether `value` lies on it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The middle of the `index`-th of `count` equal parts.
    #[must_use]
    pub fn middle(&self, index: usize, count: usize) -> f64 {
        self.low + (index as f64 + 0.5) / count.max(1) as f64 * self.span()
    }

    /// About `count` round numbers on it, as they are written: 1, 2 or 5 times a power of ten apart.
    ///
    /// ```
    /// use ravine::plot::Scale;
    /// let ticks = Scale::new(-1.0, 1.0).ticks(4);
    /// let labels: Vec<_> = ticks.iter().map(|(_, label)| label.as_str()).collect();
    /// assert_eq!(labels, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
    /// ```
    #[must_use]
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let count = count.max(1) as f64;
        let power = 10_f64.powf((self.span() / count).log10().floor());
        let numbers = |step: f64| {
            let (first, last) = (self.low / step - 1e-6, self.high / step + 1e-6);
            (first.ceil(), last.floor())
        };
        // How many times more or fewer they are than asked for.
        let off = |step: &f64| {
            let (first, last) = numbers(*step);
            ((last - first + 1.0).max(0.5) / count).ln().abs()
        };
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let nearest = steps.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
        let step = nearest.unwrap_or(power);
        let (first, last) = numbers(step);
        let most = self.low.abs().max(self.high.abs());
        let numbers = (0..=(last - first) as usize).map(|i| (first + i as f64) * step);
        numbers.map(|v| (v, label(v, step, most))).collect()
    }
}

/// `value` to the precision of `step`, with powers of ten where all numbers are very large or very small.
fn label(value: f64, step: f64, most: f64) -> String {
    let place = |v: f64| v.abs().log10().floor();
    let text = if value.abs() < 1e-6 * step && (most >= 1e5 || step < 1e-4) {
        "0".into()
    } else if most >= 1e5 || step < 9.9e-5 {
        let digits = (place(value) - place(step * 1.0001)).max(0.0) as usize;
        format!("{value:.digits$e}")
    } else {
        let digits = (-place(step * 1.0001)).max(0.0) as usize;
        let zero = value.abs() < 1e-6 * step;
        format!("{:.digits$}", if zero { 0.0 } else { value })
    };
    text.replace('-', "−")
}

/// A number in a sentence: three digits that count.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    let text = if value == 0.0 || !value.is_finite() {
        format!("{value}")
    } else if (1e-3..1e5).contains(&size) {
        let digits = (2.0 - size.log10().floor()).clamp(0.0, 4.0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.1e}")
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        let ticks = Scale::new(low, high).ticks(4);
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_at_every_size() {
        assert_eq!(labels(0.0, 43.0), ["0", "10", "20", "30", "40"]);
        assert_eq!(labels(0.0, 4e-5), ["0", "1e−5", "2e−5", "3e−5", "4e−5"]);
        assert_eq!(labels(0.0, 2e6), ["0", "5e5", "1.0e6", "1.5e6", "2.0e6"]);
        assert_eq!(short(0.000_25), "2.5e−4");
        assert_eq!(short(24.58), "24.6");
    }

    #[test]
    fn one_number_and_none_still_make_a_scale() {
        assert!(Scale::of([0.0, 0.0]).span() > 0.0);
        assert!(Scale::of([7.0]).holds(7.0));
        assert_eq!(
            Scale::of([f64::NAN]),
            Scale {
                low: 0.0,
                high: 1.0
            }
        );
    }
}
