//! What a piece of work in progress may tell and must ask: progress, notes, and whether to go on.
//! It does not know how progress is thinned out or how a pause reaches the worker.

use crate::command::Note;

/// The way from the work back to its worker.
pub trait Watch {
    /// Tells how much payload is through, of how much. Blocks while the task is frozen. To be called between chunks: at
    /// least every 8 MiB or 50 ms, and as often as one likes (what is too often is dropped at no cost).
    ///
    /// # Errors
    /// [`Halted`] when the task is to end; the work cleans up and returns.
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Halted>;

    /// Something a person should know, for instance an attribute that could not be kept.
    fn note(&mut self, note: Note);
}

/// The task was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halted;
