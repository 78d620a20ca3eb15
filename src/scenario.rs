//! Scenarios: a TOML text becomes a [`Plan`] of tasks, functions and timed commands, or an error with line, caret and suggestion.
//! It does not know how a plan is carried out; apart from reading the file and making small trees it is pure.
//!
//! What can be written is in [`GRAMMAR`], the one text that `pooltop help scenarios` prints and the README has a copy of.
//! `verbs` is the one table of the verbs of steps. Reading goes in two rounds: everything with a name, then what functions do,
//! so that a name may be used before it is declared.
//!
//! Random choices repeat: each task draws from a stream made of the seed, the place of its `[[task]]` in the file and the number
//! of the repetition. Entries added at the end, and a changed `repeat`, leave all other tasks as they were. Times in `[[at]]`,
//! sleeps and downloads are scenario time: `--speed` shortens them alike; timeouts, back-off and grace are real time. A flag
//! goes before its `POOLTOP_*` variable, that before the scenario, that before the default.

mod builtin;
mod draw;
mod entry;
mod expression;
mod fields;
mod grammar;
mod load;
mod plan;
mod problem;
mod suggest;
mod tree;
mod verbs;

pub use builtin::{BUILTINS, Builtin, DEFAULT, builtin};
pub use grammar::{Origin, parse};
pub use load::{FILE_BYTES_MAX, load};
pub use plan::{CopyJob, CopyWhat, LauncherSpec, Plan, PolicyOverrides, Tasks, Timed, TreeSpec, TutorialTimes};
pub use problem::{Colours, Invalid, ScenarioError};
pub use tree::make_tree;

/// How scenarios are written, for people; in Markdown that reads well as it is.
pub const GRAMMAR: &str = include_str!("scenario/grammar.md");

#[cfg(test)]
mod tests;
