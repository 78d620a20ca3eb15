//! What functions print, at a pace that a screen and a person can take.
//! It does not know what is said.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Stepped;
use super::thread::Thread;
use crate::clock::Clock;
use crate::command::{Note, Weight};
use crate::wire::Report;

/// So many lines a task says within a second; then whoever wants to say more waits.
const LINES_A_SECOND_MAX: usize = 200;

const SECOND: Duration = Duration::from_secs(1);

/// A longer text is cut.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// When the last lines of a task were said.
#[derive(Default)]
pub(super) struct Voice(Mutex<VecDeque<Clock>>);

impl Voice {
    /// How long to wait before the next line; nothing if it may be said now, which is then counted as said.
    fn wait(&self) -> Option<Duration> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == LINES_A_SECOND_MAX {
            let age = said.front()?.elapsed();
            if age < SECOND {
                return Some(SECOND.saturating_sub(age));
            }
            said.pop_front();
        }
        said.push_back(Clock::start());
        None
    }
}

impl Thread<'_, '_> {
    /// Says a line.
    pub(super) fn say(&self, text: &str) -> Stepped<()> {
        let text = cut(text);
        if self.run.task.is_none() {
            // An initializer has no task to say it for. What a worker writes here is shown if it dies.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{text}");
            return Ok(());
        }
        self.wait_to_speak()?;
        self.run.report(|task| Report::Said { task, thread: self.id, text });
        Ok(())
    }

    /// Tells what to watch now.
    pub(super) fn tell(&self, text: &str) -> Stepped<()> {
        self.wait_to_speak()?;
        self.run.report(|task| Report::Told { task, text: cut(text) });
        Ok(())
    }

    /// Tells of an error that does not end the task.
    pub(super) fn complain(&self, text: &str) {
        // Whoever is to end complains all the same.
        let _ = self.wait_to_speak();
        self.run.report(|task| Report::Noted { task, note: Note::new(Weight::Error, cut(text)) });
    }

    fn wait_to_speak(&self) -> Stepped<()> {
        while let Some(wait) = self.run.voice.wait() {
            self.sleep(wait)?;
        }
        Ok(())
    }
}

pub(super) fn cut(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].into()
}
