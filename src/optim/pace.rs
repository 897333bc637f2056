/// How far one parameter goes at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Learning rate.
    pub rate: f64,
    /// Decay of weights; biases and norms are never decayed.
    pub weight_decay: f64,
    /// Updates of this parameter with this one, counted from 1.
    pub update: u64,
}
