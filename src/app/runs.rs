//! `pooltop runs`: lists recorded runs.
//! It does not know how a journal is written.

use super::Refusal;
use crate::cli::Runs;

/// Does it.
pub(super) fn run(wanted: &Runs) -> Result<u8, Refusal> {
    let _ = wanted;
    Err(Refusal::usage(&"not yet"))
}
