#![doc = include_str!("ARCHITECTURE.md")]
#![forbid(unsafe_code)]

// Vocabulary: what work is, what may be asked, what happened. These import nothing of ours but each other.
pub mod task;
pub mod text;

pub mod command;
pub mod event;

pub mod clock;

// Pure: how people write amounts, and what they ask for on the command line and in files.
pub mod cli;
pub mod notation;
pub mod scenario;

// Where tasks come from.
pub mod source;

// Pure: the state of a run as a fold over its events.
pub mod model;

// The journal: a run's events in a file.
pub mod journal;

// Between the processes: the wire, what both sides do to folders, and the processes below this one.
pub mod beneath;
pub mod offspring;
pub mod wire;

// The parent.
pub mod pool;

// The child.
pub mod worker;

// A recorded run at any instant.
pub mod replay;

// The front ends.
pub mod export;
pub mod headless;
pub mod tui;

// The composition root.
pub mod app;
