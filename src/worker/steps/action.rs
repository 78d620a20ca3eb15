//! What each kind of asking step asks for, and what it is called when it fails.
//! It does not know how an answer reaches it.

use super::Stepped;
use super::ask::left_of;
use super::result::{Had, had, put_together, sendable};
use super::submit::Errand;
use super::thread::Thread;
use crate::clock::Clock;
use crate::task::{Action, Call, Expr, Handle, ObjectId, Patience, Value, Waiting};

impl<'e> Thread<'_, 'e> {
    /// Does it. Outside: what is wrong with the step itself; inside: what cannot be had.
    pub(super) fn act(&mut self, action: &'e Action) -> Stepped<Had> {
        match action {
            Action::Put { queue, value, waiting } => {
                let value = sendable(self.eval(value)?)?;
                self.have(Call::Put { queue: *queue, value, patience: self.patience(waiting) })
            }
            Action::Get { queue, waiting } => self.have(Call::Get { queue: *queue, patience: self.patience(waiting) }),
            Action::IsEmpty { queue } => self.have(Call::IsEmpty { queue: *queue }),
            Action::Send { pipe, end, value } => {
                let value = sendable(self.eval(value)?)?;
                self.have(Call::Send { pipe: *pipe, end: *end, value })
            }
            Action::Recv { pipe, end, waiting } => {
                self.have(Call::Recv { pipe: *pipe, end: *end, patience: self.patience(waiting) })
            }
            Action::CloseEnd { pipe, end } => self.have(Call::CloseEnd { pipe: *pipe, end: *end }),
            Action::Acquire { semaphore, waiting } => {
                self.have(Call::Acquire { semaphore: *semaphore, patience: self.patience(waiting) })
            }
            Action::Release { semaphore } => self.have(Call::Release { semaphore: *semaphore }),
            Action::SetEvent { event } => self.have(Call::SetEvent { event: *event }),
            Action::ClearEvent { event } => self.have(Call::ClearEvent { event: *event }),
            Action::WaitEvent { event, waiting } => {
                self.have(Call::WaitEvent { event: *event, patience: self.patience(waiting) })
            }
            Action::IsSet { event } => self.have(Call::IsSet { event: *event }),
            Action::ApplyAsync(submission) => self.submit_one(submission, Errand::ToThePool),
            Action::Start(submission) => self.submit_one(submission, Errand::OwnProcess),
            Action::Apply(submission) => {
                let handle = self.submit_one(submission, Errand::ToThePool)?;
                self.then_result(handle)
            }
            Action::MapAsync(mapping) => self.submit_map(mapping),
            Action::Map(mapping) => {
                let handle = self.submit_map(mapping)?;
                self.then_result(handle)
            }
            Action::Result { of, waiting } => self.result(of, waiting),
            Action::Join { of, waiting } => self.join(of, waiting),
            Action::ClosePool => self.as_parent(|own| own.have(Call::ClosePool)),
            Action::TerminatePool => self.as_parent(|own| own.have(Call::TerminatePool)),
            Action::JoinPool => self.as_parent(|own| {
                let joined = own.have(Call::JoinPool)?;
                if joined.is_ok() {
                    own.join_handlers()?;
                }
                Ok(joined)
            }),
        }
    }

    fn then_result(&mut self, handle: Had) -> Stepped<Had> {
        match handle {
            Ok(Value::Handle(handle)) => self.results_of(handle, Patience::Forever),
            other => Ok(other),
        }
    }

    /// What a handle stands for. An empty map has no task to wait for.
    pub(super) fn results_of(&self, handle: Handle, patience: Patience) -> Stepped<Had> {
        let Handle { first, count, .. } = handle;
        if count == 0 {
            return Ok(Ok(Value::List(Vec::new())));
        }
        let reply = self.ask(Call::Await { first, count, patience })?;
        Ok(put_together(handle, reply))
    }

    fn result(&mut self, of: &Expr, waiting: &Waiting) -> Stepped<Had> {
        match self.eval(of)? {
            Value::Handle(handle) => self.results_of(handle, self.patience(waiting)),
            Value::List(items) => {
                let (patience, since) = (self.patience(waiting), Clock::start());
                let mut results = Vec::with_capacity(items.len());
                for handle in handles(&items, "result")? {
                    match self.results_of(handle, left_of(patience, since))? {
                        Ok(value) => results.push(value),
                        Err(reason) => return Ok(Err(reason)),
                    }
                }
                Ok(Ok(Value::List(results).bounded()?))
            }
            other => Err(format!("only a handle has a result, not {}", other.kind()).into()),
        }
    }

    fn join(&mut self, of: &Expr, waiting: &Waiting) -> Stepped<Had> {
        let handles = match self.eval(of)? {
            Value::Handle(handle) => vec![handle],
            Value::List(items) => handles(&items, "join")?,
            other => return Err(format!("only a handle can be joined, not {}", other.kind()).into()),
        };
        let (patience, since) = (self.patience(waiting), Clock::start());
        for Handle { first, count, .. } in handles {
            if count == 0 {
                continue;
            }
            let joined = had(self.ask(Call::Join { first, count, patience: left_of(patience, since) })?);
            if joined.is_err() {
                return Ok(joined);
            }
        }
        Ok(Ok(Value::None))
    }

    /// What people call the step: "get_nowait on queue q".
    pub(super) fn label(&self, action: &Action) -> String {
        let on = |verb: &str, object: ObjectId| match self.run.program.objects.get(object.index()) {
            Some(spec) => format!("{verb} on {} {}", spec.kind.word(), spec.name),
            None => verb.to_owned(),
        };
        let of = |verb: &str, function: crate::task::FunctionId| {
            let name = self.run.program.functions.get(usize::from(function.0)).map_or("?", |function| &function.name);
            format!("{verb} of {name}")
        };
        match action {
            Action::Put { queue, waiting: Waiting::None, .. } => on("put_nowait", *queue),
            Action::Put { queue, .. } => on("put", *queue),
            Action::Get { queue, waiting: Waiting::None } => on("get_nowait", *queue),
            Action::Get { queue, .. } => on("get", *queue),
            Action::IsEmpty { queue } => on("empty", *queue),
            Action::Send { pipe, .. } => on("send", *pipe),
            Action::Recv { pipe, .. } => on("recv", *pipe),
            Action::CloseEnd { pipe, .. } => on("close", *pipe),
            Action::Acquire { semaphore, .. } => on("acquire", *semaphore),
            Action::Release { semaphore } => on("release", *semaphore),
            Action::SetEvent { event } => on("set_event", *event),
            Action::ClearEvent { event } => on("clear_event", *event),
            Action::WaitEvent { event, .. } => on("wait_event", *event),
            Action::IsSet { event } => on("is_set", *event),
            Action::ApplyAsync(submission) => of("apply_async", submission.function),
            Action::Apply(submission) => of("apply", submission.function),
            Action::MapAsync(mapping) => of("map_async", mapping.function),
            Action::Map(mapping) => of("map", mapping.function),
            Action::Start(submission) => of("start", submission.function),
            Action::Result { .. } => "result".to_owned(),
            Action::Join { .. } => "join".to_owned(),
            Action::ClosePool => "close of the pool".to_owned(),
            Action::TerminatePool => "terminate of the pool".to_owned(),
            Action::JoinPool => "join of the pool".to_owned(),
        }
    }
}

fn handles(items: &[Value], verb: &str) -> Stepped<Vec<Handle>> {
    let each = items.iter().map(|item| match item {
        Value::Handle(handle) => Ok(*handle),
        other => Err(format!("{verb} takes a handle or a list of handles, and there is {} in it", other.kind()).into()),
    });
    each.collect()
}
