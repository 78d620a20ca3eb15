//! What size of the pool would do best, as far as the run has shown. PURE.
//! It does not change the size.

use super::State;

/// What can be said about the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// In one sentence.
    pub text: Box<str>,
    /// The size that did best, if one can be named.
    pub best: Option<u32>,
}

impl State {
    /// What can be said about the size by now.
    pub fn advice(&self) -> Option<Advice> {
        None
    }
}
