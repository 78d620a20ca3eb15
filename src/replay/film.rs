//! A journal that can be looked at anywhere: read once from its beginning on, with a state kept every so often to begin from.
//! It does not keep events, but reads them again. It does not know which instant is wanted when.

use super::fold::{Events, Fold, Next, events_at};
use super::moments::{Gaps, Moments};
use crate::event::{Elapsed, Event, Phase, What};
use crate::journal::Mark;
use crate::model::{Moment, State};

/// How many states are kept to begin from; when there are more, every other one is let go of.
const KEYFRAMES_MAX: usize = 64;

/// How many events lie between two of them, at first.
const EVERY_FIRST: u64 = 1024;

/// A journal as far as it was read, and where to begin.
pub struct Film {
    fold: Fold,
    pub(super) keyframes: Vec<Keyframe>,
    pub(super) every: u64,
    moments: Moments,
    gaps: Gaps,
}

/// A state to begin from.
pub(super) struct Keyframe {
    pub(super) mark: Mark,
    /// When the last event in it was.
    at: Elapsed,
    state: State,
}

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// There is more.
    Some,
    /// To the end of the file as it is now.
    All,
    /// To where the journal is not to be believed any more.
    Spoilt,
}

/// Which instant is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// After everything that had happened by then.
    Time(Elapsed),
    /// After so many events.
    Event(u64),
}

impl Film {
    /// The fold has read nothing yet.
    pub fn new(fold: Fold, idle_limit_ms: Option<u64>) -> Self {
        let first = Keyframe { mark: fold.mark(), at: fold.last(), state: fold.state().clone() };
        let gaps = Gaps::new(idle_limit_ms);
        Self { fold, keyframes: vec![first], every: EVERY_FIRST, moments: Moments::default(), gaps }
    }

    /// Reads so many events more.
    pub fn read(&mut self, events: u32) -> Read {
        for _ in 0..events {
            let event = match self.fold.read_on() {
                Next::Event(event) => event,
                Next::Nothing => return Read::All,
                Next::Spoilt => return Read::Spoilt,
            };
            if self.fold.apply(&event).is_err() {
                return Read::Spoilt;
            }
            self.moments.watch(&event, self.fold.state());
            self.gaps.watch(&event);
            if self.fold.read().is_multiple_of(self.every) {
                self.keep();
            }
        }
        Read::Some
    }

    fn keep(&mut self) {
        let keyframe = Keyframe { mark: self.fold.mark(), at: self.fold.last(), state: self.fold.state().clone() };
        self.keyframes.push(keyframe);
        if self.keyframes.len() > KEYFRAMES_MAX {
            self.every *= 2;
            let every = self.every;
            self.keyframes.retain(|keyframe| keyframe.mark.seq.is_multiple_of(every));
        }
    }

    /// What the journal was read into, with the state at its end.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// The same, for keeps.
    pub fn into_fold(self) -> Fold {
        self.fold
    }

    /// The last instant that was read.
    pub fn end(&self) -> Elapsed {
        self.fold.last()
    }

    /// How many events were read.
    pub fn events(&self) -> u64 {
        self.fold.read()
    }

    /// Whether the run had ended there.
    pub fn has_ended(&self) -> bool {
        self.fold.state().phase == Phase::Ended
    }

    /// How much of the file was read, in thousandths.
    pub fn per_mille(&self) -> u16 {
        let (read, all) = (u128::from(self.fold.mark().offset), u128::from(self.fold.file_bytes().max(1)));
        u16::try_from(read * 1000 / all).unwrap_or(1000).min(1000)
    }

    /// What is worth going to, in order.
    pub fn moments(&self) -> &[Moment] {
        self.moments.all()
    }

    /// When nothing happens.
    pub fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// A look at the beginning.
    pub fn cursor(&self) -> Cursor {
        self.at(&self.keyframes[0])
    }

    /// Moves the look there, or as far as was read. The work is bounded by what lies between two keyframes.
    ///
    /// # Errors
    /// When what was read once cannot be read again: somebody else changes the file.
    pub fn go(&self, cursor: &mut Cursor, to: Target) -> Result<(), Changed> {
        let is_before = |mark: u64, at: Elapsed| match to {
            Target::Time(time) => at <= time,
            Target::Event(event) => mark <= event,
        };
        let behind = self.keyframes.partition_point(|keyframe| is_before(keyframe.mark.seq, keyframe.at));
        let nearest = &self.keyframes[behind.saturating_sub(1)];
        if !is_before(cursor.event, cursor.state.now) || nearest.mark.seq > cursor.event {
            *cursor = self.at(nearest);
        }
        while cursor.event < self.events() {
            let next = match cursor.next.take() {
                Some(next) => next,
                None => cursor.events.next().ok().flatten().ok_or(Changed)?.event,
            };
            let is_wanted = match to {
                Target::Time(time) => next.at <= time,
                Target::Event(event) => cursor.event < event,
            };
            if !is_wanted {
                cursor.next = Some(next);
                break;
            }
            cursor.state.apply(&next).map_err(|_| Changed)?;
            cursor.event += 1;
        }
        Ok(())
    }

    fn at(&self, keyframe: &Keyframe) -> Cursor {
        Cursor {
            state: keyframe.state.clone(),
            events: events_at(self.fold.file(), keyframe.mark),
            event: keyframe.mark.seq,
            next: None,
        }
    }
}

/// The file is not any more what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed;

/// The run at one instant, and how to go on from there.
pub struct Cursor {
    state: State,
    events: Events,
    event: u64,
    /// Read already, and not yet due.
    next: Option<Event>,
}

impl Cursor {
    /// After the events up to here.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How many there were.
    pub fn event(&self) -> u64 {
        self.event
    }

    /// A copy in which the clock has gone on to an instant before the next event.
    pub fn state_at(&self, at: Elapsed) -> State {
        let mut state = self.state.clone();
        if at > state.now && state.start.is_some() && state.phase != Phase::Ended {
            // Nobody but the clock is moved by it, and it is legal at any time.
            let _ = state.apply(&Event { at, what: What::Ticked });
        }
        state
    }
}
