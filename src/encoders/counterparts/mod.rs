//! What other libraries call the encoders, and how they make them.

mod missing;
pub mod timm;
pub mod torchvision;
pub mod transformers;
