//! What a latent variable z can be: the smaller the choice, the more an answer has to be explained by x.

mod continuous;
mod discrete;
mod given;
mod latents;

pub use continuous::Continuous;
pub use discrete::Discrete;
pub use given::Given;
pub use latents::Latents;

crate::family! {
    /// Kinds of latent variables by name.
    LatentsKind: Latents {
        "discrete" => Discrete(Discrete),
        "continuous" => Continuous(Continuous),
        "set" => Given(Given),
    }
}
