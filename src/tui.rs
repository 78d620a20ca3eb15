//! The screen: draws the state, turns keys into commands. A front end among others.
//! It does not know the pool, the wire or the workers; it follows updates and asks.

mod act;
pub mod compare;
mod detect;
mod format;
mod input;
pub mod keymap;
mod overlay;
pub mod panes;
mod run;
pub mod screen;
mod terminal;
pub mod theme;
mod viewer;

pub use detect::{CharsetChoice, ColorChoice};
pub use run::{Ending, OnEnd, Options, Why, run};
pub use terminal::{MouseUse, TuiError, print_last, restore, restore_on_panic};
pub use viewer::{Column, Follow, List, Overlay, Pane, SortOrder, TaskColumn, Toast, Viewer, WorkerColumn, Zoom};
