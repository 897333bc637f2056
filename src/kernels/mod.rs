//! CPU kernels on plain slices: the only place where unsafe code may stand.

pub mod pixels;
