//! Plays a film on a thread of its own: reads on, moves on, and hands out the state of each instant that is to be shown.
//! It does not know who looks. Whoever looks never waits for it: wishes are handed over, states come when they are there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};

use super::film::{Cursor, Film, Read};
use super::player::{Edge, Player, Tape};
use super::{From, kept};
use crate::clock::Clock;
use crate::model::{Deck, Kept, Known, Moment, Motion, Playback, Replayed, State, Update, Wish};

/// How many events are read between two looks at what is wished: a few milliseconds' worth.
const READ_AT_ONCE: u32 = 2000;

/// How often a new instant is shown while nobody does anything.
const SHOWN_EVERY: Duration = Duration::from_millis(50);

/// How often a file that grows is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often it is tried to show what could not be shown.
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// The longest time that may pass at once: after a suspension the run does not leap.
const LEAP_MAX: Duration = Duration::from_millis(500);

/// How long reading on may take once nobody looks any more.
const READ_ON_MAX: Duration = Duration::from_secs(2);

/// How to begin.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How fast, in thousandths.
    pub speed_milli: u32,
    /// Where; at the beginning, or at the edge of a run that goes on, if nothing is said.
    pub from: Option<From>,
}

/// A film that is being played.
pub struct Playing {
    wishes: Sender<Wish>,
    thread: JoinHandle<Shown>,
}

/// What is left of it.
pub struct Shown {
    /// The state at the run's end, as far as that is known.
    pub state: State,
    /// How far that is.
    pub known: Known,
}

impl Deck for Playing {
    fn wish(&self, wish: Wish) {
        // A player that is gone plays no more.
        let _ = self.wishes.send(wish);
    }
}

impl Playing {
    /// Nobody looks any more. `None` if the player broke.
    pub fn end(self) -> Option<Shown> {
        drop(self.wishes);
        self.thread.join().ok()
    }
}

/// Begins to play. `output`: the folder in which output is kept. `is_live`: whether somebody writes the journal now.
///
/// # Errors
/// When there is no thread to be had.
pub fn play(
    film: Film,
    output: PathBuf,
    options: Options,
    is_live: impl Fn() -> bool + Send + 'static,
) -> io::Result<(Playing, Receiver<Update>)> {
    let (wishes, taken) = unbounded();
    let (updates, followed) = bounded(1);
    let thread = Builder::new().name("player".to_owned()).spawn(move || {
        let cursor = film.cursor();
        let thread = Thread {
            player: Player::new(options.speed_milli),
            starts: options.from.map_or(Starts::Unsaid, Starts::At),
            cursor,
            film,
            output,
            is_live: Box::new(is_live),
            known: Known::Reading { per_mille: 0 },
            kept: None,
            moments: Arc::default(),
            curve: Arc::default(),
            counted: 0,
            clock: Clock::start(),
            played: Duration::ZERO,
            looked: Duration::ZERO,
            last: None,
            updates,
        };
        thread.run(&taken)
    })?;
    Ok((Playing { wishes, thread }, followed))
}

/// Where the film starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starts {
    /// It has.
    Already,
    /// Where is seen once it is known whether the run goes on.
    Unsaid,
    /// There, once that much was read.
    At(From),
}

/// What was shown last, and when.
struct Last {
    playback: Playback,
    at: Duration,
}

struct Thread {
    film: Film,
    cursor: Cursor,
    player: Player,
    starts: Starts,
    output: PathBuf,
    is_live: Box<dyn Fn() -> bool + Send>,
    known: Known,
    kept: Option<Arc<Kept>>,
    moments: Arc<[Moment]>,
    curve: Arc<[u32]>,
    /// How many events the curve tells of.
    counted: u64,
    clock: Clock,
    /// Until when time was let pass.
    played: Duration,
    /// When the file was looked at.
    looked: Duration,
    last: Option<Last>,
    updates: Sender<Update>,
}

/// Whether the onlooker has done something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    No,
    Yes,
    /// There is nobody any more.
    Gone,
}

/// Whether what there is to show was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Yes,
    Later,
    /// There is nobody any more.
    Gone,
}

impl Thread {
    fn run(mut self, wished: &Receiver<Wish>) -> Shown {
        let mut asked = Asked::No;
        loop {
            self.read();
            self.start();
            self.advance();
            let sent = self.show(asked);
            if sent == Sent::Gone {
                break;
            }
            asked = self.wait(wished, sent);
            if asked == Asked::Gone {
                break;
            }
        }
        self.end()
    }

    /// Reads on, if there is something to read.
    fn read(&mut self) {
        match self.known {
            Known::Reading { .. } => self.read_some(),
            Known::Growing if self.clock.elapsed() >= self.looked + LOOK_EVERY => {
                self.looked = self.clock.elapsed();
                self.read_some();
            }
            _ => {}
        }
    }

    fn read_some(&mut self) {
        self.known = match self.film.read(READ_AT_ONCE) {
            Read::Some if self.known == Known::Growing => Known::Growing,
            Read::Some => Known::Reading { per_mille: self.film.per_mille() },
            Read::All => self.at_the_edge(),
            Read::Spoilt => Known::Damaged { why: self.film.fold().spoilt().unwrap_or_default().into() },
        };
    }

    fn at_the_edge(&mut self) -> Known {
        if self.film.has_ended() {
            return Known::Whole;
        }
        if (self.is_live)() {
            return Known::Growing;
        }
        // What was written between the look at the file and the look at its writer is still to be read.
        match self.film.read(READ_AT_ONCE) {
            Read::Some => self.known.clone(),
            Read::All if self.film.has_ended() => Known::Whole,
            Read::All => Known::CutOff,
            Read::Spoilt => Known::Damaged { why: self.film.fold().spoilt().unwrap_or_default().into() },
        }
    }

    /// Goes to where the film starts, as soon as that is known.
    fn start(&mut self) {
        let reading = matches!(self.known, Known::Reading { .. });
        let to = match self.starts {
            Starts::Unsaid if self.known == Known::Growing => Wish::End,
            // A film that takes its time to be read is not waited for.
            Starts::Unsaid if !reading || self.clock.elapsed() > LEAP_MAX => Wish::Start,
            Starts::At(From::At(at)) if !reading || self.film.end() >= at => Wish::To(at),
            Starts::At(share) if !reading => Wish::To(share.of(self.film.end())),
            _ => return,
        };
        self.starts = Starts::Already;
        self.played = self.clock.elapsed();
        self.wish(to);
    }

    fn advance(&mut self) {
        let now = self.clock.elapsed();
        let passed = now.saturating_sub(self.played).min(LEAP_MAX);
        self.played = now;
        if self.starts == Starts::Already {
            let tape = tape(&self.film, &self.cursor, &self.known);
            self.player.advance(passed, &tape);
        }
    }

    fn wish(&mut self, wish: Wish) {
        if let Wish::Look(task, attempt) = wish {
            self.kept = Some(Arc::new(kept::look(&self.output, task, attempt)));
        } else {
            self.starts = Starts::Already;
            self.player.wish(wish, &tape(&self.film, &self.cursor, &self.known));
        }
    }

    /// Shows the instant, if it is another one, it is time, and somebody is ready to look.
    fn show(&mut self, asked: Asked) -> Sent {
        let now = self.clock.elapsed();
        if asked == Asked::No && self.last.as_ref().is_some_and(|last| now < last.at + SHOWN_EVERY) {
            return Sent::Yes;
        }
        if self.updates.is_full() {
            return Sent::Later;
        }
        if self.film.go(&mut self.cursor, self.player.target()).is_err() {
            let why = "the journal was changed while it was shown".into();
            self.known = Known::Damaged { why };
        }
        self.player.arrive(self.cursor.state().now);
        let playback = self.playback();
        if self.last.as_ref().is_some_and(|last| last.playback == playback) {
            return Sent::Yes;
        }
        let state = self.cursor.state_at(self.player.time());
        let replayed = Replayed { state, playback: playback.clone() };
        self.last = Some(Last { playback, at: now });
        match self.updates.send(Update::Replayed(Box::new(replayed))) {
            Ok(()) => Sent::Yes,
            Err(_) => Sent::Gone,
        }
    }

    fn playback(&mut self) -> Playback {
        let history = &self.film.fold().state().history;
        if self.counted != self.film.events() {
            self.counted = self.film.events();
            self.curve = history.buckets().iter().map(|bucket| bucket.done).collect();
            if self.moments[..] != *self.film.moments() {
                self.moments = self.film.moments().into();
            }
        }
        Playback {
            position: self.player.time(),
            end: self.film.end(),
            event: self.cursor.event(),
            events: self.film.events(),
            misses: self.player.misses(),
            motion: self.player.motion(),
            speed_milli: self.player.speed_milli(),
            known: self.known.clone(),
            moments: Arc::clone(&self.moments),
            curve: Arc::clone(&self.curve),
            curve_step_us: history.bucket_us(),
            kept: self.kept.clone(),
        }
    }

    /// Until something is to be done. All that is wished by then is taken in before anything is shown again.
    fn wait(&mut self, wished: &Receiver<Wish>, sent: Sent) -> Asked {
        let first = match self.longest(sent) {
            Some(Duration::ZERO) => match wished.try_recv() {
                Ok(wish) => Some(wish),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => return Asked::Gone,
            },
            Some(longest) => match wished.recv_timeout(longest) {
                Ok(wish) => Some(wish),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Asked::Gone,
            },
            None => match wished.recv() {
                Ok(wish) => Some(wish),
                Err(_) => return Asked::Gone,
            },
        };
        let Some(first) = first else { return if sent == Sent::Later { Asked::Yes } else { Asked::No } };
        self.advance();
        for wish in std::iter::once(first).chain(wished.try_iter()) {
            self.wish(wish);
        }
        Asked::Yes
    }

    /// How long there is nothing to do but what somebody wishes; `None`: for ever.
    fn longest(&self, sent: Sent) -> Option<Duration> {
        let moves = self.player.motion() != Motion::Paused;
        match self.known {
            Known::Reading { .. } => Some(Duration::ZERO),
            _ if sent == Sent::Later => Some(RETRY_EVERY),
            _ if moves || self.starts != Starts::Already => Some(SHOWN_EVERY),
            Known::Growing => Some(LOOK_EVERY),
            _ => None,
        }
    }

    /// Reads on to the end of the run, for what is said of it at last.
    fn end(mut self) -> Shown {
        let clock = Clock::start();
        while matches!(self.known, Known::Reading { .. }) && clock.elapsed() < READ_ON_MAX {
            self.read_some();
        }
        Shown { state: self.film.into_fold().into_state(), known: self.known }
    }
}

fn tape<'a>(film: &'a Film, cursor: &Cursor, known: &Known) -> Tape<'a> {
    Tape {
        end: film.end(),
        events: film.events(),
        event: cursor.event(),
        edge: match known {
            Known::Reading { .. } => Edge::Reading,
            Known::Growing => Edge::Growing,
            Known::Whole | Known::CutOff | Known::Damaged { .. } => Edge::Fixed,
        },
        moments: film.moments(),
        gaps: film.gaps(),
    }
}
