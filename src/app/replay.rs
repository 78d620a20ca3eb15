//! `pooltop replay`: shows a recorded run, on the screen or in lines.
//! It does not know how a journal is written.

use super::Refusal;
use crate::cli::Replay;

/// Does it.
pub(super) fn run(wanted: &Replay) -> Result<u8, Refusal> {
    let _ = wanted;
    Err(Refusal::usage(&"not yet"))
}
