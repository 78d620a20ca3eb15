//! When to draw: on change only, briskly after a key, leisurely otherwise, never while the terminal stalls. PURE.
//! It does not read the clock; it is told the time.

use std::time::Duration;

use crate::tui::viewer::Toast;

/// Between frames that follow a key: at most 30 a second.
const FRAME_BRISK: Duration = Duration::from_millis(34);

/// Between frames that follow news nobody waits for.
const FRAME_CALM: Duration = Duration::from_millis(100);

/// How long after a key its effect is waited for.
const BRISK_FOR: Duration = Duration::from_millis(500);

/// How often a stalled terminal is tried.
const RETRY: Duration = Duration::from_millis(50);

/// Why a frame is wanted; the later, the sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Something happened in the run.
    News,
    /// The person did something.
    Hand,
}

/// What is known about frames.
#[derive(Debug)]
pub(super) struct Pace {
    wanted: Option<Urgency>,
    last: Option<Duration>,
    brisk_until: Duration,
    retry_at: Option<Duration>,
}

impl Default for Pace {
    /// The first frame is wanted at once.
    fn default() -> Self {
        Self { wanted: Some(Urgency::Hand), last: None, brisk_until: BRISK_FOR, retry_at: None }
    }
}

impl Pace {
    /// A frame is wanted.
    pub fn touch(&mut self, urgency: Urgency) {
        self.wanted = self.wanted.max(Some(urgency));
    }

    /// A frame is wanted because of the person, who waits for what follows, too.
    pub fn touched_by_hand(&mut self, now: Duration) {
        self.touch(Urgency::Hand);
        self.brisk_until = now + BRISK_FOR;
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Duration) {
        self.wanted = None;
        self.last = Some(now);
    }

    /// The terminal takes no more.
    pub fn stalls(&mut self, now: Duration) {
        self.retry_at = Some(now + RETRY);
    }

    /// The terminal has taken all.
    pub fn flows(&mut self) {
        self.retry_at = None;
    }

    /// Whether to draw now.
    pub fn is_due(&self, now: Duration) -> bool {
        self.retry_at.is_none() && self.due(now).is_some_and(|due| due <= now)
    }

    /// Whether a frame is wanted and its time has not come.
    pub fn is_pending(&self, now: Duration) -> bool {
        self.due(now).is_some_and(|due| due > now)
    }

    /// Whether to try the stalled terminal now.
    pub fn is_retry_due(&self, now: Duration) -> bool {
        self.retry_at.is_some_and(|at| at <= now)
    }

    /// How long nothing needs to be done.
    pub fn wait(&self, now: Duration, toast: Option<&Toast>) -> Duration {
        let toast_over = toast.map(|toast| Duration::from_micros(toast.until.0));
        let next = match self.retry_at {
            Some(retry) => Some(retry),
            None => self.due(now).into_iter().chain(toast_over).min(),
        };
        next.map_or(Duration::MAX, |next| next.saturating_sub(now))
    }

    fn due(&self, now: Duration) -> Option<Duration> {
        let between = match self.wanted? {
            Urgency::News if now >= self.brisk_until => FRAME_CALM,
            Urgency::News | Urgency::Hand => FRAME_BRISK,
        };
        Some(self.last.map_or(Duration::ZERO, |last| last + between))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Elapsed;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drawn_at(now: u64) -> Pace {
        let mut pace = Pace::default();
        pace.drawn(ms(now));
        pace
    }

    #[test]
    fn when_nothing_happens_nothing_is_done() {
        let pace = drawn_at(10_000);
        assert!(!pace.is_due(ms(999_999)));
        assert_eq!(pace.wait(ms(11_000), None), Duration::MAX);
    }

    #[test]
    fn the_first_change_after_a_rest_is_drawn_at_once() {
        for urgency in [Urgency::News, Urgency::Hand] {
            let mut pace = drawn_at(10_000);
            pace.touch(urgency);
            assert!(pace.is_due(ms(12_000)));
        }
    }

    #[test]
    fn never_more_than_thirty_frames_a_second_and_ten_when_nobody_waits() {
        for (by_hand, most, least) in [(true, 30, 28), (false, 11, 9)] {
            let mut pace = drawn_at(10_000);
            let mut frames = 0;
            for now in 10_000..11_000 {
                if by_hand {
                    pace.touched_by_hand(ms(now));
                }
                pace.touch(Urgency::News);
                if pace.is_due(ms(now)) {
                    frames += 1;
                    pace.drawn(ms(now));
                }
            }
            assert!((least..=most).contains(&frames), "{frames}");
        }
    }

    #[test]
    fn the_effect_of_a_key_is_drawn_briskly() {
        let mut pace = drawn_at(10_000);
        pace.touched_by_hand(ms(10_050));
        pace.drawn(ms(10_050));
        pace.touch(Urgency::News);
        assert_eq!(pace.wait(ms(10_051), None), ms(33));
    }

    #[test]
    fn a_stalled_terminal_is_tried_now_and_then_and_not_drawn_on() {
        let mut pace = drawn_at(10_000);
        pace.stalls(ms(10_000));
        pace.touched_by_hand(ms(10_001));
        assert!(!pace.is_due(ms(20_000)));
        assert!(!pace.is_retry_due(ms(10_049)) && pace.is_retry_due(ms(10_050)));
        assert_eq!(pace.wait(ms(10_020), None), ms(30));
        pace.flows();
        assert!(pace.is_due(ms(20_000)));
    }

    #[test]
    fn a_message_is_taken_away_in_time() {
        let toast = Toast { text: String::new(), until: Elapsed(12_000_000) };
        assert_eq!(drawn_at(10_000).wait(ms(11_500), Some(&toast)), ms(500));
    }
}
