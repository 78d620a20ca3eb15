//! Where tasks come from: folders that are walked, and lines that are read, while the first tasks are already being done.
//! It does not know who carries the tasks out, or how many at once.

mod lines;
mod target;
mod walk;

pub use lines::{Inputs, List, OtherList, Separator, lines};
pub use target::{CopyPlan, CopyPlanItem, PlanError, Shape, plan};
pub use walk::{Closed, Known, Progress, finish_again, walk, walk_again};
