//! `pooltop export`: turns a recorded run into something else.
//! It does not know how a journal is written.

use super::Refusal;
use crate::cli::Export;

/// Does it.
pub(super) fn run(wanted: &Export) -> Result<u8, Refusal> {
    let _ = wanted;
    Err(Refusal::usage(&"not yet"))
}
