//! Colours that everyone can tell apart.

/// Red, green, blue and opacity, 0 to 255 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
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
pub const INK: Colour = Colour::of(0x22_22_22);
/// Grid lines.
pub const FAINT: Colour = Colour::of(0xdd_dd_dd);
/// What is neither right nor wrong.
pub const GREY: Colour = Colour::of(0x8c_8c_8c);
/// Paper.
pub const WHITE: Colour = Colour::of(0xff_ff_ff);
/// Right answers.
pub const BLUE: Colour = Colour::of(0x00_72_b2);
/// Wrong answers, and minima on a surface.
pub const VERMILION: Colour = Colour::of(0xd5_5e_00);
/// Values without a number.
pub const MISSING: Colour = Colour::of(0xbb_bb_bb);

/// Colours of lines, told apart with every kind of colour vision (Okabe and Ito, *Color Universal Design*, 2008).
pub const LINES: [Colour; 6] = [
    BLUE,
    VERMILION,
    Colour::of(0x00_9e_73),
    Colour::of(0xcc_79_a7),
    Colour::of(0x56_b4_e9),
    Colour::of(0x00_00_00),
];

/// 33 evenly spaced colours of viridis, the perceptually uniform map of matplotlib (N. Smith, S. van der Walt, E. Firing,
/// 2015, CC0); what lies between is within 2 of 255 of the full table.
const VIRIDIS: [u32; 33] = [
    0x44_01_54, 0x47_0d_60, 0x48_18_6a, 0x48_23_74, 0x47_2d_7b, 0x45_36_81, 0x42_40_86, 0x3f_49_89,
    0x3b_52_8b, 0x37_5a_8d, 0x33_63_8d, 0x2f_6a_8e, 0x2c_72_8e, 0x29_7a_8e, 0x26_81_8e, 0x23_89_8e,
    0x21_90_8c, 0x1f_98_8b, 0x1f_9f_88, 0x21_a6_85, 0x28_ae_80, 0x31_b5_7b, 0x3e_bc_74, 0x4c_c2_6c,
    0x5d_c9_63, 0x6e_ce_58, 0x82_d3_4c, 0x96_d8_3f, 0xab_dc_32, 0xc0_df_24, 0xd5_e2_1a, 0xea_e5_1a,
    0xfd_e7_25,
];

impl Colour {
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
/// use ravine::report::colour::{Colour, viridis};
/// assert_eq!(viridis(0.0), Colour::of(0x440154));
/// assert_eq!(viridis(2.0), Colour::of(0xfde725));
/// ```
#[must_use]
pub fn viridis(share: f64) -> Colour {
    if share.is_nan() {
        return MISSING;
    }
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f64;
    let (a, b) = (Colour::of(VIRIDIS[below]), Colour::of(VIRIDIS[below + 1]));
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Colour {
        r: mix(a.r, b.r),
        g: mix(a.g, b.g),
        b: mix(a.b, b.b),
        alpha: 255,
    }
}
