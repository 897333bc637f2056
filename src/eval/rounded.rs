//! Numbers as they are printed.

/// `value`, or 0 where `decimals` places show nothing of it: rounding would leave a minus before a zero.
///
/// ```
/// use ravine::eval::rounded;
/// assert_eq!(format!("{:.4}", rounded(-1e-9, 4)), "0.0000");
/// assert_eq!(format!("{:.4}", rounded(-0.00006, 4)), "-0.0001");
/// ```
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> f64 {
    if value.abs() < 0.5 * 10_f64.powi(-decimals) {
        0.0
    } else {
        value
    }
}
