//! Colours that everyone can tell apart.

#![allow(clippy::unreadable_literal, reason = "six digits are a colour")]

/// Red, green, blue and opacity, 0 to 255 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity: 255 hides what is below.
    pub alpha: u8,
}

/// Text and axes.
pub const INK: Color = Color::of(0x222222);
/// Grid lines.
pub const FAINT: Color = Color::of(0xdddddd);
/// What is neither right nor wrong.
pub const GREY: Color = Color::of(0x8c8c8c);
/// Paper.
pub const WHITE: Color = Color::of(0xffffff);
/// Right answers.
pub const BLUE: Color = Color::of(0x0072b2);
/// Wrong answers, and minima on a surface.
pub const VERMILION: Color = Color::of(0xd55e00);
/// Values without a number.
pub const MISSING: Color = Color::of(0xbbbbbb);

/// Colours of lines, told apart with every kind of colour vision (Okabe and Ito, *Color Universal Design*, 2008).
pub const LINES: [Color; 6] = [
    BLUE,
    VERMILION,
    Color::of(0x009e73),
    Color::of(0xcc79a7),
    Color::of(0x56b4e9),
    Color::of(0x000000),
];

/// 33 evenly spaced colours of viridis, the perceptually uniform map of matplotlib (N. Smith, S. van der Walt, E. Firing,
/// 2015, CC0); what lies between is within 2 of 255 of the full table.
const VIRIDIS: [u32; 33] = [
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b,
    0x375a8d, 0x33638d, 0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b,
    0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b, 0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c,
    0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725,
];

/// Colours of points by class, seen on light and on dark paper.
const CLASSES: [u32; 10] = [
    0x3b82c4, 0xe8743b, 0x19a979, 0xe0527d, 0x945ecf, 0xc9a227, 0x13a4b4, 0x9a6a50, 0x6f8a98,
    0x7cae2e,
];

/// The colour of class number `index` of `count`: of up to ten, colours of their own; of more, hues a golden angle apart.
#[must_use]
pub fn class_color(index: usize, count: usize) -> Color {
    if count <= CLASSES.len() {
        return Color::of(CLASSES[index % CLASSES.len()]);
    }
    let hue = (index as f64 * 137.508) % 360.0;
    let light = [0.5, 0.62, 0.42][index % 3];
    let chroma = 0.62 * f64::min(light, 1.0 - light);
    let part = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = light - chroma * f64::min(k - 3.0, 9.0 - k).clamp(-1.0, 1.0);
        (255.0 * value).round() as u8
    };
    Color {
        r: part(0.0),
        g: part(8.0),
        b: part(4.0),
        alpha: 255,
    }
}

impl Color {
    /// From `0xrrggbb`, opaque.
    #[must_use]
    pub const fn of(hex: u32) -> Self {
        Self {
            r: (hex >> 16) as u8,
            g: (hex >> 8) as u8,
            b: hex as u8,
            alpha: 255,
        }
    }

    /// The same with this opacity.
    #[must_use]
    pub const fn fading(self, alpha: u8) -> Self {
        Self { alpha, ..self }
    }
}

/// The colour of viridis at `share` of the way from dark (0) to bright (1); grey for what is no number.
///
/// ```
/// use ravine::plot::color::{Color, viridis};
/// assert_eq!(viridis(0.0), Color::of(0x440154));
/// assert_eq!(viridis(2.0), Color::of(0xfde725));
/// ```
#[must_use]
pub fn viridis(share: f64) -> Color {
    if share.is_nan() {
        return MISSING;
    }
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f64;
    let (a, b) = (Color::of(VIRIDIS[below]), Color::of(VIRIDIS[below + 1]));
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Color {
        r: mix(a.r, b.r),
        g: mix(a.g, b.g),
        b: mix(a.b, b.b),
        alpha: 255,
    }
}
