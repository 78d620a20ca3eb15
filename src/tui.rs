//! The screen: draws the state, turns keys into commands. A front end among others.
//! It does not know the pool, the wire or the workers; it follows updates and asks.

mod act;
pub mod compare;
mod console;
mod detect;
#[cfg(test)]
mod forged_tests;
pub mod format;
mod input;
pub mod keymap;
mod overlay;
pub mod panes;
mod picker;
mod run;
pub mod screen;
mod terminal;
pub mod theme;
mod viewer;
pub mod whole;
mod wrap;

pub use console::Console;
pub use detect::{CharsetChoice, ColorChoice};
pub use picker::{Offer, Picked, Picker, pick};
pub use run::{Ending, LeftBy, OnEnd, Options, Why, replay, run, run_on};
pub use terminal::{MouseUse, TuiError, changes, print_last, restore, restore_on_panic};
pub use viewer::{
    Channel, Column, DetailOf, Follow, List, Overlay, Pane, SortOrder, TaskColumn, Toast, VerdictSeen, Viewer,
    WorkerColumn, Zoom,
};
