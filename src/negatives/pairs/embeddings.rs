use candle_core::Tensor;

/// Embeddings of the views of B samples, one (B, D) tensor a view, and what is known beside them.
///
/// The right answers to view v of a sample are its other views. Where only the first views answer (the large ones of
/// multi-crop), there are fewer `answers` than `questions`.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings<'a> {
    /// Those that ask.
    pub questions: &'a [Tensor],
    /// Those that answer; the same ones when nothing stands between them (no predictor, no target branch).
    pub answers: &'a [Tensor],
    /// Classes (B,) in unsigned integers, where they are known.
    pub labels: Option<&'a Tensor>,
    /// Answers (M, D) of earlier batches, without gradient, for parts with a memory.
    pub earlier: Option<&'a Tensor>,
}

impl<'a> Embeddings<'a> {
    /// Without labels and without memory.
    #[must_use]
    pub fn of(questions: &'a [Tensor], answers: &'a [Tensor]) -> Self {
        Self {
            questions,
            answers,
            labels: None,
            earlier: None,
        }
    }
}
