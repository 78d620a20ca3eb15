//! Steps that ask something of an object, the pool or a task, and what is done when it cannot be had. PURE.
//! It does not know how calls of functions are handed over; that is in `submits`.

use toml::de::DeValue;

use super::super::fields::{Fields, text};
use super::super::verbs::{Verb, Who};
use super::body::Body;
use super::objects::Kind;
use super::warnings::{Awaited, Wait};
use crate::notation::duration_ms;
use crate::task::{Action, End, How, ObjectId, ObjectKind, Step, Waiting, Ways};

impl<'a, 'i> Body<'_, 'a, 'i> {
    pub(super) fn asked(&mut self, verb: Verb, name: &'static str, step: &Fields<'a, 'i>) -> Option<Step> {
        if verb == Verb::Join && is(step, name, "threads") {
            return self.join_threads(step);
        }
        let action = match verb {
            Verb::Put | Verb::PutNowait => self.put(verb, name, step),
            Verb::Get | Verb::GetNowait => self.get(verb, name, step),
            Verb::Send | Verb::Recv => self.pipe(verb, name, step),
            Verb::Close if is(step, name, "pool") => self.close_pool(step),
            Verb::Close => {
                let (pipe, end) = self.end(step, name)?;
                if self.who == Who::Parent {
                    self.found.parent_closes.insert((pipe, end));
                }
                Some(Action::CloseEnd { pipe, end })
            }
            Verb::Acquire | Verb::Release => self.semaphore(verb, name, step),
            Verb::SetEvent | Verb::ClearEvent | Verb::WaitEvent | Verb::IsSet => self.event(verb, name, step),
            Verb::Empty => {
                self.wants_into(step);
                self.object(step, name, Kind::Queue).map(|queue| Action::IsEmpty { queue })
            }
            Verb::Result => {
                let of = self.expr(step, name, "\"handle\"");
                let waiting = self.waiting(step);
                of.map(|of| Action::Result { of, waiting })
            }
            Verb::Join => self.join(name, step),
            _ => self.terminate(name, step),
        };
        self.ask(step, action, matches!(verb, Verb::Recv))
    }

    /// What takes the answer, and what is done without one.
    pub(super) fn ask(&mut self, step: &Fields<'a, 'i>, action: Option<Action>, is_recv: bool) -> Option<Step> {
        // `join` has a `name` and no `into`; both are of no meaning elsewhere and already told.
        let into = if step.has("into") { Some(self.variable(step, "into")?) } else { None };
        if !step.has("otherwise") {
            if let Some(value) = step.get("error")
                && !step.has("error_callback")
            {
                let help = "write otherwise = [ ... ] beside it";
                self.problems.add_with_help(value.span(), "`error` names the reason for an `otherwise`", help);
            }
            return Some(Step::Ask { action: action?, into, error: None, otherwise: None });
        }
        let error = self.local(step, "error", Some("error"));
        self.after_recv += usize::from(is_recv);
        let otherwise = self.steps_of(step, "otherwise");
        self.after_recv -= usize::from(is_recv);
        Some(Step::Ask { action: action?, into, error, otherwise: Some(otherwise) })
    }

    fn waiting(&mut self, step: &Fields<'a, 'i>) -> Waiting {
        let timeout = step.notation("timeout", "\"2s\"", duration_ms, self.problems);
        timeout.map_or(Waiting::Forever, Waiting::Ms)
    }

    /// Without a place for the answer there is no sense in asking.
    fn wants_into(&mut self, step: &Fields<'a, 'i>) {
        if !step.has("into") {
            step.missing("into", "\"answer\"", self.problems);
        }
    }

    fn wait(&mut self, step: &Fields<'a, 'i>, key: &str, object: ObjectId, what: Awaited) {
        if !step.has("timeout") {
            self.found.waits.push(Wait { object, what, at: Self::at(step, key) });
        }
    }

    fn put(&mut self, verb: Verb, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        let queue = self.object(step, name, Kind::Queue);
        let value = self.expr(step, "value", "\"n\"");
        let waiting = if verb == Verb::Put { self.waiting(step) } else { Waiting::None };
        let queue = queue?;
        self.uses(queue, How::Puts);
        Some(Action::Put { queue, value: value?, waiting })
    }

    fn get(&mut self, verb: Verb, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        let waiting = if verb == Verb::Get { self.waiting(step) } else { Waiting::None };
        let queue = self.object(step, name, Kind::Queue)?;
        self.uses(queue, How::Gets);
        if verb == Verb::Get {
            self.wait(step, name, queue, Awaited::Item);
        }
        Some(Action::Get { queue, waiting })
    }

    /// The end of a pipe under that key.
    fn end(&mut self, step: &Fields<'a, 'i>, key: &str) -> Option<(ObjectId, End)> {
        let value = step.get(key)?;
        let what = if key == "close" { "the end of a pipe, or \"pool\"" } else { "the end of a pipe in quotes" };
        let name = text(value, key, what, self.problems)?;
        let names = self.scope.names;
        let found = names.objects.end(name);
        match found {
            Some((pipe, end)) => {
                self.found.objects.push(pipe);
                self.uses(pipe, How::Holds(end));
            }
            None => self.unknown(value.span(), "end of a pipe", name, || {
                let pool = (key == "close").then_some("pool");
                names.objects.end_names().into_iter().chain(pool).collect()
            }),
        }
        found
    }

    fn pipe(&mut self, verb: Verb, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        let value = (verb == Verb::Send).then(|| self.expr(step, "value", "\"n\""));
        let waiting = self.waiting(step);
        let (pipe, end) = self.end(step, name)?;
        let one_way = match self.scope.names.kind(pipe) {
            ObjectKind::Pipe { ends, ways: Ways::SecondToFirst } => Some(ends.clone()),
            _ => None,
        };
        let only = if verb == Verb::Send { End::First } else { End::Second };
        if let Some([receives, sends]) = one_way
            && end == only
        {
            let what = match verb {
                Verb::Send => format!("`{receives}` only receives; `{sends}` is the end that sends"),
                _ => format!("`{sends}` only sends; `{receives}` is the end that receives"),
            };
            self.problems.add_with_help(
                Self::at(step, name),
                what,
                "in a pipe with duplex = false the first end receives and the second sends",
            );
            return None;
        }
        if let Some(value) = value {
            self.found.sends.insert((pipe, end));
            return Some(Action::Send { pipe, end, value: value? });
        }
        if waiting == Waiting::Forever {
            let at = Self::at(step, name);
            if let Some(innermost) = self.loops.last_mut() {
                innermost.recvs.push((pipe, end, at));
            }
            if !step.has("otherwise") {
                self.wait(step, name, pipe, Awaited::Message(end));
            }
        }
        Some(Action::Recv { pipe, end, waiting })
    }

    fn semaphore(&mut self, verb: Verb, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        let waiting = self.waiting(step);
        let semaphore = self.object(step, name, Kind::Semaphore)?;
        if verb == Verb::Release {
            self.uses(semaphore, How::Releases);
            return Some(Action::Release { semaphore });
        }
        self.uses(semaphore, How::Acquires);
        self.wait(step, name, semaphore, Awaited::Permit);
        Some(Action::Acquire { semaphore, waiting })
    }

    fn event(&mut self, verb: Verb, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        if verb == Verb::IsSet {
            self.wants_into(step);
        }
        let waiting = self.waiting(step);
        let event = self.object(step, name, Kind::Event)?;
        Some(match verb {
            Verb::SetEvent => {
                self.uses(event, How::Sets);
                Action::SetEvent { event }
            }
            Verb::ClearEvent => Action::ClearEvent { event },
            Verb::WaitEvent => {
                self.uses(event, How::Waits);
                self.wait(step, name, event, Awaited::Flag);
                Action::WaitEvent { event, waiting }
            }
            _ => Action::IsSet { event },
        })
    }

    fn close_pool(&mut self, step: &Fields<'a, 'i>) -> Option<Action> {
        self.found.pool_closed = true;
        self.is_parent(step, "close", "close the pool").then_some(Action::ClosePool)
    }

    fn terminate(&mut self, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        if !is(step, name, "pool") {
            self.problems.add(Self::at(step, name), "only the pool can be terminated: terminate = \"pool\"");
            return None;
        }
        self.found.pool_closed = true;
        Some(Action::TerminatePool)
    }

    fn join(&mut self, name: &str, step: &Fields<'a, 'i>) -> Option<Action> {
        if let Some(value) = step.get("name") {
            self.problems.add(value.span(), "`name` is for join = \"threads\" only");
        }
        if !is(step, name, "pool") {
            let of = self.expr(step, name, "\"handle\"");
            let waiting = self.waiting(step);
            return of.map(|of| Action::Join { of, waiting });
        }
        if let Some(value) = step.get("timeout") {
            self.problems.add(value.span(), "the pool is joined without a timeout, as in Python");
        }
        if !self.is_parent(step, name, "join the pool") {
            return None;
        }
        if self.nesting == 1 && !self.found.pool_closed && !step.has("otherwise") {
            self.found.open_joins.push(Self::at(step, name));
        }
        Some(Action::JoinPool)
    }

    fn join_threads(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        for key in ["timeout", "otherwise", "error"] {
            if let Some(value) = step.get(key) {
                self.problems.add(value.span(), format!("`{key}` is not for threads: they are always waited for"));
                return None;
            }
        }
        let name = if step.has("name") { Some(self.said(step, "name")?) } else { None };
        Some(Step::JoinThreads { name })
    }
}

/// Whether the verb's value is that word.
fn is(step: &Fields<'_, '_>, key: &str, word: &str) -> bool {
    matches!(step.get(key).map(toml::Spanned::get_ref), Some(DeValue::String(text)) if text == word)
}
