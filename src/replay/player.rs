//! Which instant of a run is to be shown: play, pause, speed, jumps, and the edge of a run that goes on. PURE.
//! It does not read the clock, and does not know how the state of that instant comes about.

use std::time::Duration;

use super::film::Target;
use super::moments::Gaps;
use crate::event::Elapsed;
use crate::model::{Moment, Motion, SPEED_MILLI_MAX, SPEED_MILLI_MIN, Way, Wish};

/// Back to a moment that was passed this long ago, in the onlooker's time, means the one before it: else one never gets
/// past it while the run is played.
const JUST_PASSED: Duration = Duration::from_millis(700);

/// What there is behind the last instant known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Nothing.
    Fixed,
    /// More, which is being read.
    Reading,
    /// What is happening now.
    Growing,
}

/// What there is to play.
#[derive(Clone, Copy, Debug)]
pub struct Tape<'a> {
    /// The last instant.
    pub end: Elapsed,
    /// How many events there are.
    pub events: u64,
    /// How many have happened at the instant that is shown.
    pub event: u64,
    /// Whether there will be more.
    pub edge: Edge,
    /// What is worth going to.
    pub moments: &'a [Moment],
    /// What is left out while playing.
    pub gaps: &'a Gaps,
}

/// Where one is, and where one is going.
#[derive(Clone, Debug)]
pub struct Player {
    time: Elapsed,
    /// Set if an event is meant, and not everything of that instant.
    event: Option<u64>,
    motion: Motion,
    speed_milli: u32,
    /// What is left of a microsecond, in millionths.
    rest: u64,
    misses: u32,
}

impl Player {
    /// At the beginning, playing.
    pub fn new(speed_milli: u32) -> Self {
        let speed_milli = speed_milli.clamp(SPEED_MILLI_MIN, SPEED_MILLI_MAX);
        Self { time: Elapsed(0), event: None, motion: Motion::Playing, speed_milli, rest: 0, misses: 0 }
    }

    /// The instant.
    pub fn time(&self) -> Elapsed {
        self.time
    }

    /// Whether it moves.
    pub fn motion(&self) -> Motion {
        self.motion
    }

    /// How many wishes for a moment have found none.
    pub fn misses(&self) -> u32 {
        self.misses
    }

    /// In thousandths.
    pub fn speed_milli(&self) -> u32 {
        self.speed_milli
    }

    /// What is to be shown.
    pub fn target(&self) -> Target {
        self.event.map_or(Target::Time(self.time), Target::Event)
    }

    /// The event that was meant happened then.
    pub fn arrive(&mut self, at: Elapsed) {
        if self.event.is_some() {
            self.time = at;
        }
    }

    /// So much of the onlooker's time has passed.
    pub fn advance(&mut self, passed: Duration, tape: &Tape<'_>) {
        if self.motion == Motion::Playing {
            self.event = None;
            self.play(passed, tape);
        }
        match self.motion {
            Motion::Following => {
                self.time = tape.end;
                self.event = None;
                if tape.edge == Edge::Fixed {
                    self.motion = Motion::Paused;
                }
            }
            Motion::Playing if self.time >= tape.end => {
                self.time = tape.end;
                self.motion = match tape.edge {
                    Edge::Fixed => Motion::Paused,
                    Edge::Reading => Motion::Playing,
                    Edge::Growing => Motion::Following,
                };
            }
            Motion::Paused | Motion::Playing => {}
        }
    }

    fn play(&mut self, passed: Duration, tape: &Tape<'_>) {
        let run = passed.as_nanos() * u128::from(self.speed_milli) + u128::from(self.rest);
        self.rest = u64::try_from(run % 1_000_000).unwrap_or(0);
        let mut left_us = u64::try_from(run / 1_000_000).unwrap_or(u64::MAX);
        while let Some((from, until)) = tape.gaps.next(self.time) {
            let room_us = from.0.saturating_sub(self.time.0);
            if left_us < room_us {
                break;
            }
            left_us -= room_us;
            self.time = until;
        }
        self.time = Elapsed(self.time.0.saturating_add(left_us));
    }

    /// Somebody wants something.
    pub fn wish(&mut self, wish: Wish, tape: &Tape<'_>) {
        match wish {
            Wish::PlayOrPause => self.play_or_pause(tape),
            Wish::By(Way::Back, ms) => self.go(Elapsed(self.time.0.saturating_sub(u64::from(ms) * 1000)), tape),
            Wish::By(Way::On, ms) => self.go(self.time.plus_ms(ms.into()), tape),
            Wish::Event(way) => {
                let here = self.event.unwrap_or(tape.event);
                let event = if way == Way::Back { here.saturating_sub(1) } else { here + 1 };
                self.event = Some(event.min(tape.events));
                self.motion = Motion::Paused;
            }
            Wish::Pace(way) => {
                let speed = if way == Way::Back { self.speed_milli / 2 } else { self.speed_milli.saturating_mul(2) };
                self.speed_milli = speed.clamp(SPEED_MILLI_MIN, SPEED_MILLI_MAX);
            }
            Wish::To(at) => self.go(at, tape),
            Wish::Tenth(tenths) => self.go(super::From::Share(u16::from(tenths.min(10)) * 100).of(tape.end), tape),
            Wish::Start => self.go(Elapsed(0), tape),
            Wish::End => {
                self.go(tape.end, tape);
                self.motion = if tape.edge == Edge::Fixed { Motion::Paused } else { Motion::Following };
            }
            Wish::Moment(way) => match self.moment(way, tape) {
                Some(at) => self.go(at, tape),
                None => self.misses += 1,
            },
            Wish::Look(..) => {}
        }
    }

    fn play_or_pause(&mut self, tape: &Tape<'_>) {
        self.motion = match self.motion {
            Motion::Playing | Motion::Following => Motion::Paused,
            Motion::Paused if self.time < tape.end => Motion::Playing,
            Motion::Paused if tape.edge != Edge::Fixed => Motion::Following,
            Motion::Paused => {
                self.go(Elapsed(0), tape);
                Motion::Playing
            }
        };
    }

    fn go(&mut self, to: Elapsed, tape: &Tape<'_>) {
        self.event = None;
        self.rest = 0;
        self.time = to.min(tape.end);
        if self.motion == Motion::Following && self.time < tape.end {
            self.motion = Motion::Playing;
        }
    }

    fn moment(&self, way: Way, tape: &Tape<'_>) -> Option<Elapsed> {
        let mut all = tape.moments.iter().map(|moment| moment.at);
        match way {
            Way::On => all.find(|at| *at > self.time),
            Way::Back => {
                let just_us = match self.motion {
                    Motion::Paused => 0,
                    _ => u64::try_from(JUST_PASSED.as_micros()).unwrap_or(0) * u64::from(self.speed_milli) / 1000,
                };
                all.rfind(|at| at.0.saturating_add(just_us) < self.time.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, What};
    use crate::model::MomentKind;
    use crate::task::TaskId;

    const SECOND: u64 = 1_000_000;

    struct Reel {
        moments: Vec<Moment>,
        gaps: Gaps,
        edge: Edge,
    }

    impl Reel {
        fn new() -> Self {
            let moment = |secs| Moment { at: Elapsed(secs * SECOND), kind: MomentKind::Failure };
            Self { moments: [10, 20, 30].map(moment).to_vec(), gaps: Gaps::default(), edge: Edge::Fixed }
        }

        fn tape(&self) -> Tape<'_> {
            let end = Elapsed(100 * SECOND);
            Tape { end, events: 1000, event: 500, edge: self.edge, moments: &self.moments, gaps: &self.gaps }
        }
    }

    fn secs(player: &Player) -> f64 {
        player.time().secs()
    }

    #[test]
    fn time_goes_by_at_the_chosen_speed_and_stops_at_the_end() {
        let reel = Reel::new();
        let mut player = Player::new(1000);
        for _ in 0..100 {
            player.advance(Duration::from_millis(33), &reel.tape());
        }
        assert!((secs(&player) - 3.3).abs() < 1e-9, "{}", secs(&player));
        for _ in 0..3 {
            player.wish(Wish::Pace(Way::On), &reel.tape());
        }
        assert_eq!(player.speed_milli(), 8000);
        player.advance(Duration::from_secs(1), &reel.tape());
        assert!((secs(&player) - 11.3).abs() < 1e-9);
        player.advance(Duration::from_mins(1), &reel.tape());
        assert_eq!((player.time(), player.motion()), (Elapsed(100 * SECOND), Motion::Paused));
        player.wish(Wish::PlayOrPause, &reel.tape());
        assert_eq!((player.time(), player.motion()), (Elapsed(0), Motion::Playing));
    }

    #[test]
    fn the_speed_stays_within_its_bounds() {
        let reel = Reel::new();
        let mut player = Player::new(1);
        assert_eq!(player.speed_milli(), SPEED_MILLI_MIN);
        for _ in 0..20 {
            player.wish(Wish::Pace(Way::On), &reel.tape());
        }
        assert_eq!(player.speed_milli(), SPEED_MILLI_MAX);
    }

    #[test]
    fn a_quarter_of_the_speed_loses_nothing_to_rounding() {
        let reel = Reel::new();
        let mut player = Player::new(250);
        for _ in 0..1_000_000 {
            player.advance(Duration::from_nanos(1_501), &reel.tape());
        }
        assert_eq!(player.time(), Elapsed(375_250));
    }

    #[test]
    fn jumps_stay_within_the_run() {
        let reel = Reel::new();
        let mut player = Player::new(1000);
        player.wish(Wish::Tenth(5), &reel.tape());
        assert_eq!(player.target(), Target::Time(Elapsed(50 * SECOND)));
        player.wish(Wish::By(Way::On, 5000), &reel.tape());
        player.wish(Wish::By(Way::Back, 1000), &reel.tape());
        assert!((secs(&player) - 54.0).abs() < 1e-9);
        player.wish(Wish::To(Elapsed(u64::MAX)), &reel.tape());
        assert!((secs(&player) - 100.0).abs() < 1e-9);
        player.wish(Wish::Start, &reel.tape());
        player.wish(Wish::By(Way::Back, 5000), &reel.tape());
        assert_eq!(player.time(), Elapsed(0));
    }

    #[test]
    fn one_event_back_and_on_again_is_where_one_was_and_stands_still() {
        let reel = Reel::new();
        let mut player = Player::new(1000);
        for (way, event) in [(Way::Back, 499), (Way::Back, 498), (Way::On, 499), (Way::On, 500), (Way::On, 501)] {
            player.wish(Wish::Event(way), &reel.tape());
            assert_eq!((player.target(), player.motion()), (Target::Event(event), Motion::Paused));
        }
        player.arrive(Elapsed(7));
        assert_eq!(player.time(), Elapsed(7));
    }

    #[test]
    fn moments_are_gone_to_in_order_and_left_behind() {
        let reel = Reel::new();
        let mut player = Player::new(1000);
        let mut at = Vec::new();
        for way in [Way::On, Way::On, Way::On, Way::On, Way::Back, Way::Back] {
            player.wish(Wish::Moment(way), &reel.tape());
            at.push(player.time().0 / SECOND);
        }
        assert_eq!(at, [10, 20, 30, 30, 20, 10]);
        assert_eq!(player.misses(), 1);
        // While it plays, back means the one before the one just passed.
        player.wish(Wish::To(Elapsed(20 * SECOND + 200_000)), &reel.tape());
        player.wish(Wish::Moment(Way::Back), &reel.tape());
        assert_eq!(player.time(), Elapsed(10 * SECOND));
    }

    #[test]
    fn the_edge_of_a_run_that_goes_on_is_followed_until_somebody_goes_back() {
        let mut reel = Reel::new();
        reel.edge = Edge::Growing;
        let mut player = Player::new(1000);
        player.wish(Wish::End, &reel.tape());
        player.advance(Duration::from_millis(1), &Tape { end: Elapsed(105 * SECOND), ..reel.tape() });
        assert_eq!((player.time(), player.motion()), (Elapsed(105 * SECOND), Motion::Following));
        player.wish(Wish::By(Way::Back, 10_000), &reel.tape());
        assert_eq!(player.motion(), Motion::Playing);
        player.advance(Duration::from_secs(6), &reel.tape());
        assert_eq!(player.motion(), Motion::Following);
        reel.edge = Edge::Fixed;
        player.advance(Duration::from_millis(1), &reel.tape());
        assert_eq!(player.motion(), Motion::Paused);
    }

    #[test]
    fn a_stretch_without_events_is_shortened() {
        let mut reel = Reel::new();
        reel.gaps = Gaps::new(Some(2000));
        for second in [0, 1, 51, 52, 90] {
            reel.gaps.watch(&Event { at: Elapsed(second * SECOND), what: What::TaskFailed { task: TaskId(0) } });
        }
        let mut player = Player::new(1000);
        player.advance(Duration::from_millis(2900), &reel.tape());
        assert!((secs(&player) - 2.9).abs() < 1e-9);
        player.advance(Duration::from_millis(600), &reel.tape());
        assert!((secs(&player) - 51.5).abs() < 1e-9, "{}", secs(&player));
        player.advance(Duration::from_secs(3), &reel.tape());
        assert!((secs(&player) - 90.5).abs() < 1e-9, "{}", secs(&player));
    }
}
