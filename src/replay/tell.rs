//! Tells a recorded run event by event to whoever prints it: as fast as that goes, or in the run's own time.
//! It does not know how it is printed. It keeps no event.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::fold::{Fold, Next};
use super::moments::is_a_sign_of_life;
use crate::clock::Clock;
use crate::event::{Elapsed, Event, Phase};
use crate::model::{Known, Update};

/// How many events are handed over at once.
const BATCH: usize = 256;

/// How often a file that grows is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How it is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Telling {
    /// From that instant on.
    pub from: Elapsed,
    /// In thousandths of the run's own speed; as fast as it goes if nothing is said.
    pub speed_milli: Option<u32>,
    /// A stretch in which nothing happens takes no longer than this.
    pub idle_limit_ms: Option<u64>,
}

/// How it went.
pub struct Told {
    /// The run, as far as it was told.
    pub fold: Fold,
    /// How far that is; [`Known::Reading`] if somebody wanted no more.
    pub known: Known,
}

/// Tells it to its end; that of a run that goes on is waited for. `stop`: rung, or let go of, when nobody listens any more.
pub fn tell(
    mut fold: Fold,
    telling: Telling,
    updates: &Sender<Update>,
    stop: &Receiver<()>,
    is_live: &dyn Fn() -> bool,
) -> Told {
    let mut teller = Teller {
        updates,
        stop,
        behind: Vec::new(),
        pace: telling.speed_milli.map(|speed| Pace::new(telling, speed)),
        begun: telling.from == Elapsed(0),
    };
    let mut was_live = true;
    loop {
        let (known, wait) = match fold.read_on() {
            Next::Event(event) => match teller.event(&mut fold, telling.from, event) {
                Ok(Goes::On) => continue,
                Ok(Goes::NoFurther) => (damaged(&fold), None),
                Err(NobodyListens) => (Known::Reading { per_mille: 0 }, None),
            },
            Next::Spoilt => (damaged(&fold), None),
            Next::Nothing if fold.state().phase == Phase::Ended => (Known::Whole, None),
            // What was written before its writer was found to be gone was still to be read.
            Next::Nothing if !was_live => (Known::CutOff, None),
            Next::Nothing => (Known::Growing, Some(LOOK_EVERY)),
        };
        if teller.hand_over().is_err() {
            return Told { fold, known: Known::Reading { per_mille: 0 } };
        }
        let Some(wait) = wait else { return Told { fold, known } };
        was_live = is_live();
        if was_live && teller.wait(wait).is_err() {
            return Told { fold, known: Known::Reading { per_mille: 0 } };
        }
    }
}

fn damaged(fold: &Fold) -> Known {
    Known::Damaged { why: fold.spoilt().unwrap_or_default().into() }
}

/// Nobody wants to hear any more.
struct NobodyListens;

/// Whether there is more to believe.
enum Goes {
    On,
    NoFurther,
}

struct Teller<'a> {
    updates: &'a Sender<Update>,
    stop: &'a Receiver<()>,
    behind: Vec<Event>,
    pace: Option<Pace>,
    /// Whether anything was told yet.
    begun: bool,
}

impl Teller<'_> {
    fn event(&mut self, fold: &mut Fold, from: Elapsed, event: Event) -> Result<Goes, NobodyListens> {
        if event.at < from {
            return Ok(if fold.apply(&event).is_err() { Goes::NoFurther } else { Goes::On });
        }
        if !self.begun {
            self.begun = true;
            let before = Update::Reset(Arc::new(fold.state().clone()));
            self.updates.send(before).map_err(|_| NobodyListens)?;
        }
        if let Some(wait) = self.pace.as_mut().and_then(|pace| pace.wait_for(&event)) {
            self.hand_over()?;
            self.wait(wait)?;
        }
        if fold.apply(&event).is_err() {
            return Ok(Goes::NoFurther);
        }
        self.behind.push(event);
        if self.behind.len() >= BATCH {
            self.hand_over()?;
        }
        Ok(Goes::On)
    }

    fn hand_over(&mut self) -> Result<(), NobodyListens> {
        if self.behind.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.behind);
        self.updates.send(Update::Events(batch.into())).map_err(|_| NobodyListens)
    }

    fn wait(&self, time: Duration) -> Result<(), NobodyListens> {
        match self.stop.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(NobodyListens),
        }
    }
}

/// When each event is due.
struct Pace {
    clock: Clock,
    speed_milli: u64,
    limit_us: u64,
    /// When the last event that tells something was, in the run's time and in the time that is left of it.
    last: (Elapsed, u64),
}

impl Pace {
    fn new(telling: Telling, speed_milli: u32) -> Self {
        let limit_us = telling.idle_limit_ms.map_or(u64::MAX, |ms| ms.saturating_mul(1000));
        Self { clock: Clock::start(), speed_milli: speed_milli.max(1).into(), limit_us, last: (telling.from, 0) }
    }

    /// How long to wait before this is told, if that is worth it.
    fn wait_for(&mut self, event: &Event) -> Option<Duration> {
        let (at, played_us) = self.last;
        let passed_us = event.at.0.saturating_sub(at.0).min(self.limit_us);
        let due_us = played_us + passed_us;
        if !is_a_sign_of_life(&event.what) {
            self.last = (event.at, due_us);
        }
        let due = u128::from(due_us) * 1000 / u128::from(self.speed_milli);
        let due = Duration::from_micros(u64::try_from(due).unwrap_or(u64::MAX));
        due.checked_sub(self.clock.elapsed()).filter(|wait| *wait >= Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::task::TaskId;

    #[test]
    fn events_are_due_in_the_runs_own_time_without_what_is_beyond_the_limit() {
        let telling = Telling { from: Elapsed(0), speed_milli: None, idle_limit_ms: Some(2000) };
        let mut pace = Pace::new(telling, 1000);
        let mut due = |at_s: u64, what| {
            pace.wait_for(&Event { at: Elapsed(at_s * 1_000_000), what });
            pace.last.1 / 1_000_000
        };
        let failed = || What::TaskFailed { task: TaskId(0) };
        assert_eq!([due(1, failed()), due(2, What::Ticked), due(60, What::Ticked), due(61, failed())], [1, 1, 1, 3]);
        assert_eq!(due(62, failed()), 4);
    }
}
