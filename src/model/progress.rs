//! How far the run is, how fast it goes, and when it will end. PURE.
//! It does not know the screen; where it cannot know, it says so.

use std::time::Duration;

use super::State;
use super::task::Status;

/// Over how long the rates look back.
const WINDOW_US: u64 = 5_000_000;

/// How many tasks must have ended before an end is predicted.
const ENDED_MIN: u32 = 3;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// From 0 to 1; 1 only when everything has ended.
    pub share: f64,
    /// Payload through, running tasks included.
    pub bytes_done: u64,
    /// Payload known of.
    pub bytes_total: u64,
    /// Time still needed. `None` where nobody can know.
    pub eta: Option<Duration>,
}

/// How fast the run goes, over the last few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Tasks done a second.
    pub tasks_per_s: f64,
    /// Payload a second.
    pub bytes_per_s: f64,
}

impl State {
    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let running = self.workers.iter().filter_map(|worker| worker.running.as_ref());
        let (mut partial_tasks, mut partial_bytes) = (0.0, 0_u64);
        for running in running {
            partial_bytes = partial_bytes.saturating_add(running.done.min(running.total));
            if running.total > 0 {
                partial_tasks += ratio(running.done.min(running.total), running.total);
            }
        }
        let bytes_done = self.bytes_ended.saturating_add(partial_bytes).min(self.bytes_total);
        let counts = self.counts_of_work();
        let (total, ended) = (counts.total(), counts.ended());
        let share = if total == 0 {
            0.0
        } else if ended == total {
            1.0
        } else if self.bytes_total > 0 && self.tasks_without_bytes == 0 {
            ratio(bytes_done, self.bytes_total).min(0.9999)
        } else {
            ((f64::from(ended) + partial_tasks) / f64::from(total)).min(0.9999)
        };
        Progress { share, bytes_done, bytes_total: self.bytes_total, eta: self.eta(share) }
    }

    /// How fast it goes.
    pub fn rate(&self) -> Rate {
        let history = &self.history;
        let reach = usize::try_from(WINDOW_US / history.bucket_us()).unwrap_or(1).max(2);
        let buckets = history.buckets();
        let recent = &buckets[buckets.len().saturating_sub(reach)..];
        let span_us = ((recent.len() as u64 - 1) * history.bucket_us() + self.now.0 % history.bucket_us())
            .min(self.now.0)
            .max(history.bucket_us());
        let done: u64 = recent.iter().map(|bucket| u64::from(bucket.done)).sum();
        let bytes: u64 = recent.iter().fold(0, |bytes, bucket| bucket.bytes.saturating_add(bytes));
        Rate {
            tasks_per_s: ratio(done * 1_000_000, span_us),
            bytes_per_s: ratio(bytes.saturating_mul(1_000_000), span_us),
        }
    }

    /// What is left, at the pace of the whole run so far and of the last seconds, whichever is slower to promise.
    fn eta(&self, share: f64) -> Option<Duration> {
        let unknowable = self.may_be_given_more()
            || self.is_paused()
            || self.target == 0
            || self.counts.ended() < ENDED_MIN
            || share <= 0.0;
        if unknowable {
            return None;
        }
        if share >= 1.0 {
            return Some(Duration::ZERO);
        }
        let spent = self.active().secs();
        let by_whole = spent * (1.0 - share) / share;
        let rate = self.rate();
        let counts = self.counts_of_work();
        let left_tasks = counts.total() - counts.ended();
        let by_recent = if self.tasks_without_bytes == 0 && rate.bytes_per_s > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let left = (1.0 - share) * self.bytes_total as f64;
            left / rate.bytes_per_s
        } else if rate.tasks_per_s > 0.0 {
            f64::from(left_tasks) / rate.tasks_per_s
        } else {
            by_whole
        };
        let seconds = f64::midpoint(by_whole, by_recent);
        Duration::try_from_secs_f64(seconds.max(0.0)).ok()
    }

    /// How much of its present task a worker has done, from 0 to 1. `None`: nobody knows.
    pub fn task_share(&self, task: crate::task::TaskId) -> Option<f64> {
        let record = self.task(task)?;
        match record.status {
            Status::Done => Some(1.0),
            status if status.is_in_flight() => {
                let running = self.workers.get(record.worker?)?.running.filter(|running| running.task == task)?;
                (running.total > 0).then(|| ratio(running.done, running.total).min(1.0))
            }
            _ => None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shares and rates for people")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests;
