//! The child: takes tasks from its socket, does them one after the other, and reports.
//! It does not know the queue, the other workers, or what becomes of a report.

mod command;
mod control;
pub mod copy;
mod download;
mod exec;
mod guard;
mod home;
mod keeper;
mod launch;
mod lines;
mod outbox;
mod runner;
mod serve;
mod start;
mod steps;
mod watch;

pub use serve::serve_in_parent;
pub use start::{end_leftovers, main};
pub use watch::{Halted, Watch};
