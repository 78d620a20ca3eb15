//! The parent: starts workers, gives them tasks, notices everything that happens to them, and ends them all.
//! It does not know who watches: events go out to subscribers, commands come in through a mailbox.

mod accept;
mod child;
mod duty;
mod facts;
mod held;
mod limits;
mod mailbox;
mod places;
mod planner;
mod poller;
mod publish;
mod sampler;
mod settings;
mod signals;
#[cfg(test)]
mod simulation;
mod supervisor;
mod talk;
mod timetable;
mod tuner;

pub use mailbox::{Mailbox, RunOver};
pub use publish::{Keeps, Recorder, Subscriber, Told};
pub use settings::{BadLauncher, Launcher, ResumedRun, Samples, ServeInParent, Settings, Timed};
pub use signals::{BetweenRuns, HangUp, block_signals, when_the_end_is_wanted};
pub use supervisor::{Finished, Pool, own_pid, start};
