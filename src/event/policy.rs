//! Vocabulary: what holds for all tasks of a run, and when it stops early.
//! It does not know how it is written.

use serde::{Deserialize, Serialize};

use crate::task::Failure;

/// What holds for all tasks and workers of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How often a failed task is tried again.
    pub retries: u32,
    /// How often a task is tried again because its worker died, if that is more.
    pub loss_retries: u32,
    /// The wait before the second attempt; doubles with each further one.
    pub backoff_ms: u64,
    /// How long one attempt may run.
    pub timeout_ms: Option<u64>,
    /// When to stop early.
    pub halt: Halt,
    /// After how many tasks a worker is replaced.
    pub recycle_after: Option<u32>,
    /// Between TERM and KILL.
    pub grace_ms: u64,
    /// How many times faster simulated time goes, in thousandths.
    pub speed_milli: u32,
    /// Decides every random choice.
    pub seed: u64,
    /// What a verdict leads to.
    pub stuck: Stuck,
}

/// What happens when nothing can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// The run ends. Nobody is there to help.
    #[default]
    Ends,
    /// It stays, for somebody to look at and to decide.
    Stays,
}

impl Policy {
    /// How many attempts a task has in all when it failed like this. A lost worker is not the task's failure, so such a
    /// task is tried again even where failed ones are not.
    #[must_use]
    pub fn attempts_max(&self, failure: &Failure) -> u32 {
        let retries = match failure {
            Failure::Stopped => 0,
            Failure::WorkerLost { .. } | Failure::InDoubt => self.retries.max(self.loss_retries),
            _ => self.retries,
        };
        // The number of an attempt counts no further than this.
        retries.saturating_add(1).min(u32::from(u16::MAX))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 0,
            loss_retries: 2,
            backoff_ms: 250,
            timeout_ms: None,
            halt: Halt::Never,
            recycle_after: None,
            grace_ms: 2000,
            speed_milli: 1000,
            seed: 0,
            stuck: Stuck::default(),
        }
    }
}

/// When to stop before everything is done; the notation is GNU parallel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// Go on to the end.
    #[default]
    Never,
    /// When enough tasks ended that way.
    When { urgency: Urgency, ended: Ended, amount: Amount },
}

/// Whether running tasks may finish when a halt strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// They may.
    Soon,
    /// They are killed.
    Now,
}

/// Which endings a halt counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Tasks that failed.
    Fail,
    /// Tasks that were done.
    Success,
    /// Both.
    Done,
}

/// How many endings make a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// This many.
    Count(u32),
    /// This share of all tasks, once at least three have ended (GNU parallel's rule).
    Percent(u8),
}
