//! Without a screen: the run as lines, as JSON, or as nothing but what the commands print. A front end among others.
//! It does not know the pool, the wire or the workers; it follows updates.

mod lines;
mod outlet;
mod summary;

use std::path::PathBuf;

use crossbeam_channel::{Receiver, never, select};

use crate::command::{Ask, Command};
use crate::event::{Event, What};
use crate::model::{State, Update};

use lines::Lines;
pub use outlet::Files;
use outlet::{Closed, Outlet};
pub use summary::{summary, summary_of_replay};

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One line for each change of state, on standard error; what commands print, on its own streams.
    Plain,
    /// One event a line, on standard output.
    Json,
    /// What commands print, and nothing else.
    None,
}

/// In which order what tasks print is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they end.
    #[default]
    AsEnded,
    /// As they were given; what ended early waits.
    AsGiven,
}

/// How the run is to be told.
pub struct Options {
    /// What is printed.
    pub style: Style,
    /// In which order what tasks print is passed on.
    pub order: Order,
    /// Where long output is kept.
    pub spool: PathBuf,
    /// What becomes of it there.
    pub files: Files,
    /// Rung when somebody wants to know what runs now.
    pub asked: Option<Receiver<()>>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was told.
    Told,
    /// Standard output was closed by its reader; the rest was not told.
    OutputClosed,
}

/// Tells the run until it is over. When standard output is closed it asks the run to stop and says no more.
pub fn run(updates: &Receiver<Update>, ask: &dyn Ask, options: Options) -> (State, Ending) {
    let mut asked = options.asked.clone().unwrap_or_else(never);
    let mut teller = Teller {
        state: State::new(),
        style: options.style,
        lines: Lines::new(),
        outlet: Outlet::new(options.order, options.spool, options.files),
        ending: Ending::Told,
    };
    loop {
        select! {
            recv(updates) -> update => match update {
                Ok(update) => teller.follow(&update, ask),
                Err(_) => break,
            },
            recv(asked) -> ring => match ring {
                Ok(()) => teller.lines.what_runs(&teller.state),
                // The pool has ended; its last updates are still to be read.
                Err(_) => asked = never(),
            },
        }
    }
    let told = teller.outlet.finish();
    teller.note(told, ask);
    (teller.state, teller.ending)
}

struct Teller {
    state: State,
    style: Style,
    lines: Lines,
    outlet: Outlet,
    ending: Ending,
}

impl Teller {
    fn follow(&mut self, update: &Update, ask: &dyn Ask) {
        let Update::Events(events) = update else {
            self.state.follow(update);
            // What was before was told then.
            self.lines.leave_out(&self.state);
            return;
        };
        for event in events.iter() {
            self.state.apply(event).expect("BUG: a published event does not apply");
            if self.ending == Ending::Told {
                let told = self.tell(event);
                self.note(told, ask);
            }
        }
        if self.ending == Ending::Told {
            let told = self.outlet.flush();
            self.note(told, ask);
        }
    }

    fn tell(&mut self, event: &Event) -> Result<(), Closed> {
        match self.style {
            Style::Json => self.outlet.event(event),
            Style::Plain => {
                let told = self.tell_output(event);
                // On a terminal that shows both streams a printed line stands before what came after it.
                let told = if matches!(event.what, What::TaskSaid { .. }) {
                    told.and_then(|()| self.outlet.flush())
                } else {
                    told
                };
                self.lines.tell(&self.state, event);
                told
            }
            Style::None => self.tell_output(event),
        }
    }

    fn tell_output(&mut self, event: &Event) -> Result<(), Closed> {
        match &event.what {
            What::AttemptEnded { task, output, .. } => self.outlet.attempt_ended(&self.state, *task, output.as_deref()),
            What::TaskFailed { task } | What::TaskDropped { task } => self.outlet.task_ended(&self.state, *task),
            What::AttemptLost { task, .. } => self.outlet.attempt_lost(&self.state, *task),
            What::TaskSaid { text, .. } => self.outlet.said(text),
            _ => Ok(()),
        }
    }

    fn note(&mut self, told: Result<(), Closed>, ask: &dyn Ask) {
        if told.is_err() && self.ending == Ending::Told {
            self.ending = Ending::OutputClosed;
            ask.ask(Command::Stop);
        }
    }
}
