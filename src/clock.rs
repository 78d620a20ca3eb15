//! The one place that reads a clock: monotonic time since the program's part began.
//! It does not know what the time is used for. The model and the planner never see it; they read events.

use std::time::{Duration, Instant};

use crate::event::Elapsed;

/// A stopwatch that cannot be reset.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    /// What it showed when it was started.
    from: Duration,
}

impl Clock {
    /// Starts at zero now.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(Elapsed::default())
    }

    /// Goes on from there now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the clock")]
    pub fn start_at(from: Elapsed) -> Self {
        Self { started: Instant::now(), from: Duration::from_micros(from.0) }
    }

    /// Since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.from.saturating_add(self.started.elapsed())
    }

    /// Since the start, as events carry it.
    #[must_use]
    pub fn now(self) -> Elapsed {
        Elapsed(u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// The clock on the wall: microseconds since 1970 in UTC. For what is kept beyond the process; it may jump.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one file that reads the clock")]
pub fn wall_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
