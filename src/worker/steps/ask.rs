//! Questions to the parent: said, waited for, and what comes of the answer.
//! It does not know which step asks what; `action.rs` does.

use super::block::Flow;
use super::result::{Had, had};
use super::thread::Thread;
use super::{Stepped, Stop};
use crate::clock::Clock;
use crate::task::{Action, Call, Patience, Reply, Step, Value, Variable, Waiting};
use crate::wire::Report;
use crate::worker::download::scaled;

impl<'e> Thread<'_, 'e> {
    /// The step that asks. What cannot be had is its `otherwise`'s affair, if it has one.
    pub(super) fn asked(
        &mut self,
        action: &'e Action,
        into: Option<Variable>,
        error: Option<u16>,
        otherwise: Option<&'e [Step]>,
    ) -> Stepped<Flow> {
        let had = match self.act(action) {
            Ok(had) => had,
            Err(Stop::Halted) => return Err(Stop::Halted),
            Err(Stop::Failed(text)) => return Err(self.failed(&format!("{}: {text}", self.label(action)))),
        };
        match (had, otherwise) {
            (Ok(value), _) => {
                if let Some(variable) = into {
                    self.assign(variable, value, None);
                }
                Ok(Flow::On)
            }
            (Err(reason), Some(steps)) => {
                if let Some(place) = error {
                    self.assign(Variable::Local(place), Value::Text(reason), None);
                }
                self.block(steps)
            }
            (Err(reason), None) => Err(self.failed(&format!("{}: {reason}", self.label(action)))),
        }
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, call: Call) -> Stepped<Reply> {
        self.ask_by(|own, task| Report::Asked { task, thread: own.id, call })
    }

    /// The same for a question that is a report of its own.
    pub(super) fn ask_by(&self, report: impl FnOnce(&Self, crate::task::TaskId) -> Report) -> Stepped<Reply> {
        let Some(task) = self.run.task else {
            return Err("an initializer has nobody to ask: it runs before the worker says hello".into());
        };
        self.seat.expect_answer();
        self.run.shared.outbox.say(report(self, task));
        let reply = self.seat.wait(None, || self.is_halted(), super::desk::Tray::take_reply)?;
        self.tick()?;
        reply.ok_or(Stop::Halted)
    }

    /// Asks for something that is had or not.
    pub(super) fn have(&self, call: Call) -> Stepped<Had> {
        Ok(had(self.ask(call)?))
    }

    /// How long it may wait, as the parent counts it.
    pub(super) fn patience(&self, waiting: &Waiting) -> Patience {
        match waiting {
            Waiting::Forever => Patience::Forever,
            Waiting::None => Patience::None,
            Waiting::Ms(ms) => {
                let time = scaled(*ms, self.run.setup().speed_milli);
                Patience::Us(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
            }
        }
    }
}

/// What is left of a patience that several questions share.
pub(super) fn left_of(patience: Patience, since: Clock) -> Patience {
    match patience {
        Patience::Us(us) => {
            Patience::Us(us.saturating_sub(u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)))
        }
        other => other,
    }
}
