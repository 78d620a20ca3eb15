//! Downloads inside a function: played alone, or as one of several that share a link.
//! It does not know how a link is shared; its share is told.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand_core::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

use super::desk::Transfer;
use super::result::had;
use super::thread::Thread;
use super::{Run, Stepped, Stop};
use crate::clock::Clock;
use crate::command::Note;
use crate::task::{Call, Download, ObjectId};
use crate::wire::Report;
use crate::worker::download::{self, Fate, Pass, Played};
use crate::worker::{Halted, Watch};

/// At least so often somebody is told how far a transfer is, and time passes for it.
const STEP: Duration = Duration::from_millis(100);

/// How far all transfers and copies of a task are, together.
#[derive(Default)]
pub(super) struct Progress(Mutex<Sum>);

#[derive(Default)]
struct Sum {
    done: u64,
    total: u64,
    told: Option<Clock>,
}

impl Run<'_> {
    /// Adds to what is done and to what there is to do, and tells it now and then.
    fn advance(&self, done: u64, total: u64) {
        let mut sum = self.progress.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.done = sum.done.saturating_add(done);
        sum.total = sum.total.saturating_add(total).max(sum.done);
        if sum.told.is_none_or(|told| told.elapsed() >= self.setup().report_every()) {
            sum.told = Some(Clock::start());
            let (done, total) = (sum.done, sum.total);
            // Under the lock, so that no older figure comes after a newer one.
            self.report(|task| Report::Progressed { task, done, total });
        }
    }

    /// What is now complete.
    pub(super) fn count(&self, bytes: u64, files: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
    }
}

/// One transfer's or copy's part in its task's progress.
pub(super) struct Part<'t, 's, 'e> {
    thread: &'t Thread<'s, 'e>,
    done: u64,
    total: u64,
}

impl<'t, 's, 'e> Part<'t, 's, 'e> {
    pub(super) fn of(thread: &'t Thread<'s, 'e>) -> Self {
        Self { thread, done: 0, total: 0 }
    }
}

impl Watch for Part<'_, '_, '_> {
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Halted> {
        let (more, more_total) = (done.saturating_sub(self.done), total.saturating_sub(self.total));
        (self.done, self.total) = (self.done.max(done), self.total.max(total));
        self.thread.run.advance(more, more_total);
        self.thread.tick().map_err(|_| Halted)
    }

    fn note(&mut self, note: Note) {
        self.thread.run.report(|task| Report::Noted { task, note });
    }
}

impl Pass for &Thread<'_, '_> {
    fn pass(&mut self, time: Duration) -> Result<(), Halted> {
        self.sleep(time).map_err(|_| Halted)
    }
}

impl Thread<'_, '_> {
    /// Plays a download; `fates`: the shares, in thousandths, of those that fail and of those that stall.
    pub(super) fn download(
        &mut self,
        name: &str,
        bytes: u64,
        duration_ms: u64,
        link: Option<ObjectId>,
        fates: (u16, u16),
    ) -> Stepped<()> {
        let (fail_per_mille, stall_per_mille) = fates;
        let download = Download { bytes, duration_ms, seed: self.draw.word(), fail_per_mille, stall_per_mille };
        let own = &*self;
        let mut part = Part::of(own);
        let played = if let Some(link) = link {
            own.share_link(&download, link, &mut part)?
        } else {
            let speed = own.run.setup().speed_milli;
            download::play(&download, own.run.attempt, speed, &mut part, &mut &*own)?
        };
        match played {
            Played::Whole(tally) => {
                own.run.count(tally.bytes, 0);
                Ok(())
            }
            Played::BrokenOff { tally, text } => {
                own.run.count(tally.bytes, 0);
                Err(format!("{name}: {text}").into())
            }
        }
    }

    fn share_link(&self, download: &Download, link: ObjectId, part: &mut Part<'_, '_, '_>) -> Stepped<Played> {
        let wants_bytes_per_s = wanted_pace(download);
        self.seat.set_transfer(Some(Transfer { link, bytes_per_s: 0, changed: false }));
        had(self.ask(Call::JoinLink { link, wants_bytes_per_s })?).map_err(Stop::Failed)?;
        let played = self.transfer(download, wants_bytes_per_s, part);
        self.seat.set_transfer(None);
        if !matches!(played, Err(Stop::Halted)) {
            // A task that ends leaves by its end.
            self.ask(Call::LeaveLink { link })?;
        }
        played
    }

    /// Bytes arrive as fast as this transfer wants or its share of the link allows, whichever is less.
    fn transfer(&self, download: &Download, wants: u64, part: &mut Part<'_, '_, '_>) -> Stepped<Played> {
        let mut random = Pcg64Mcg::seed_from_u64(download.seed ^ (u64::from(self.run.attempt) << 48));
        let fate = Fate::draw(download, &mut random);
        let mut arriving = Arriving { total: download.bytes, speed_milli: self.run.setup().speed_milli, done_nano: 0 };
        let mut share = 0;
        loop {
            let done = arriving.done();
            part.progress(done, download.bytes)?;
            if done >= download.bytes {
                return Ok(Played::Whole(crate::task::Tally { bytes: download.bytes, files: 0 }));
            }
            if fate.strikes_at(done, download.bytes) {
                if let Fate::Fails { .. } = fate {
                    return Ok(download::broken_off(done, download.bytes));
                }
                // It stalls: nothing arrives any more, and what it has of the link it keeps.
                self.sleep(Duration::MAX)?;
            }
            let pace = wants.min(share);
            let clock = Clock::start();
            if let Some(new) = self.wait_for_share(arriving.time_left(pace))? {
                share = new;
            }
            arriving.pass(clock.elapsed(), pace);
        }
    }

    /// Waits for another share, or for some time to pass; a freeze is waited out.
    fn wait_for_share(&self, at_most: Option<Duration>) -> Stepped<Option<u64>> {
        let control = &self.run.shared.control;
        let changed = self.seat.wait(
            at_most,
            || self.is_halted(),
            |tray| {
                let transfer = tray.transfer.as_mut()?;
                let is_new = std::mem::take(&mut transfer.changed);
                (is_new || !control.is_calm()).then_some(transfer.bytes_per_s)
            },
        );
        Ok(changed?)
    }
}

/// What has arrived, to the billionth of a byte, so that short steps do not add up to nothing.
struct Arriving {
    total: u64,
    speed_milli: u32,
    done_nano: u128,
}

impl Arriving {
    fn done(&self) -> u64 {
        u64::try_from(self.done_nano / 1_000_000_000).unwrap_or(u64::MAX).min(self.total)
    }

    fn pass(&mut self, time: Duration, bytes_per_s: u64) {
        let per_us = u128::from(bytes_per_s) * u128::from(self.speed_milli);
        self.done_nano = self.done_nano.saturating_add(time.as_micros().saturating_mul(per_us));
    }

    /// Until it is whole, but not for long; none if nothing arrives.
    fn time_left(&self, bytes_per_s: u64) -> Option<Duration> {
        let per_us = u128::from(bytes_per_s) * u128::from(self.speed_milli);
        if per_us == 0 {
            return None;
        }
        let left = (u128::from(self.total) * 1_000_000_000).saturating_sub(self.done_nano);
        Some(Duration::from_micros(u64::try_from(left.div_ceil(per_us)).unwrap_or(u64::MAX)).min(STEP))
    }
}

/// How fast it would be alone.
fn wanted_pace(download: &Download) -> u64 {
    (download.bytes.saturating_mul(1000) / download.duration_ms.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_at_the_pace_times_the_speed() {
        let mut arriving = Arriving { total: 10_000, speed_milli: 2000, done_nano: 0 };
        for _ in 0..1000 {
            arriving.pass(Duration::from_millis(1), 3000);
        }
        assert_eq!(arriving.done(), 6000);
        assert_eq!(arriving.time_left(1_000_000), Some(Duration::from_millis(2)));
        assert_eq!(arriving.time_left(0), None);
        arriving.pass(Duration::MAX, u64::MAX);
        assert_eq!(arriving.done(), 10_000);
    }
}
