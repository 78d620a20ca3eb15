//! The screen on a real pseudo-terminal: what it shows is so, what its keys ask for happens, and it leaves as it came.
//! It does not know how anything is drawn; it reads the terminal's cells and the process table.

mod held;
mod leaving;
mod looking;
mod looks;
mod opening;
mod picking;
mod size;
mod stage;
mod steering;
mod stuck;
mod suspending;
