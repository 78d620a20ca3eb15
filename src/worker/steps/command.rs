//! Commands inside a function: their output becomes lines that the task says.
//! It does not know how a command is run and ended; the worker's own runner of commands does.

use super::thread::Thread;
use super::{Stepped, Stop};
use crate::task::{Expr, Failure, Outcome, RawText};
use crate::worker::command::{self, Hears, Scene};

impl Thread<'_, '_> {
    /// Runs a command to its end; fails unless its status is 0.
    pub(super) fn command(&mut self, words: &[Expr]) -> Stepped<()> {
        let words: Vec<RawText> =
            words.iter().map(|word| Ok(RawText::from(&*self.eval(word)?.to_string()))).collect::<Stepped<_>>()?;
        let name = words.first().map(|word| word.lossy().into_owned()).unwrap_or_default();
        let Some(task) = self.run.task else { return Err("an initializer runs no commands".into()) };
        let own = &*self;
        let hear = |line: &str| {
            // A stop is seen by whoever watches the command.
            let _ = own.say(line);
        };
        let shared = own.run.shared;
        let scene = Scene {
            task,
            attempt: own.run.attempt,
            setup: &shared.setup,
            control: &shared.control,
            outbox: &shared.outbox,
            home: &shared.home,
            hears: Hears::Step(&hear),
        };
        match command::run(&words, &scene).0 {
            Outcome::Done => Ok(()),
            Outcome::Failed(Failure::Stopped) => Err(Stop::Halted),
            Outcome::Failed(Failure::Error { text }) => Err(Stop::Failed(text)),
            Outcome::Failed(failure) => Err(format!("{name}: {failure}").into()),
        }
    }
}
