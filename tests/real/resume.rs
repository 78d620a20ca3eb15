//! Runs that are killed in their middle and gone on with: what was done stays done, what may have been done is named or done
//! again, nothing is lost. It does not know how a run is recorded; it counts the journal's lines, and reads them as JSON.
//!
//! The whole sweep over all kill points: `cargo test --test real resume -- --ignored`

#[path = "../copy_engine/compare.rs"]
#[expect(clippy::unwrap_used, reason = "a test that cannot look at its files is to panic")]
mod compare;
mod copies;
mod effects;
mod refused;
mod stage;
