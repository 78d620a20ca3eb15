//! One test for each scenario that comes with the program: what must be seen in it, asserted from the run's own events, on
//! real children, at high speed and with a fixed seed.
//! It does not know how a scenario is written; `pooltop demo` runs it as it would for anybody.

mod all;
mod channels;
mod course;
mod downloads;
mod order;
mod ours;
pub mod play;
mod pools;
mod processes;
mod semantics;
mod threads;
mod together;
mod verdicts;
