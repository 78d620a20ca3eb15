//! Handing calls over to other processes, which the parent's program alone can do, and what it does with their results.
//! It does not know who takes them, nor when they are done.

use super::block::whole;
use super::result::{Had, had, sendable};
use super::thread::{Kind, Thread};
use super::{Stepped, Stop};
use crate::task::{
    Arguments, Callback, Function, FunctionCall, FunctionId, Handle, Mapping, Patience, Place, Shape, Stage,
    Submission, TaskId, TaskSpec, Value, Work,
};
use crate::wire::{FRAME_BYTES_MAX, FromWorker, Report, encode};

/// How many tasks one step hands over.
const TASKS_MAX: usize = 10_000;

/// How large they may be together; what else goes out with them needs room in the frame, too.
const BYTES_MAX: usize = FRAME_BYTES_MAX / 2;

/// Where a call is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    ToThePool,
    OwnProcess,
}

impl<'e> Thread<'_, 'e> {
    /// Something that the parent's program alone can do.
    pub(super) fn as_parent(&mut self, inside: impl FnOnce(&mut Self) -> Stepped<Had>) -> Stepped<Had> {
        if self.run.place == Place::Main { inside(self) } else { Err("only the parent's program can do this".into()) }
    }

    /// One call; gives a handle.
    pub(super) fn submit_one(&mut self, submission: &'e Submission, errand: Errand) -> Stepped<Had> {
        let Submission { function, args, name, callback, error_callback } = submission;
        self.as_parent(|own| {
            let called = own.function(*function)?;
            let args: Vec<Value> = args.iter().map(|arg| Ok(sendable(own.eval(arg)?)?)).collect::<Stepped<_>>()?;
            takes(called, args.len())?;
            let name = match name {
                Some(name) => own.eval(name)?.to_string(),
                None => called.name.to_string(),
            };
            let place = match errand {
                Errand::ToThePool => Place::Pool,
                Errand::OwnProcess => Place::Own,
            };
            let spec = own.spec(*function, called, Arguments::Once(args), &name, place);
            let callbacks = Callbacks { good: callback.as_ref(), bad: error_callback.as_ref() };
            own.submit(vec![spec], Shape::One, callbacks)
        })
    }

    /// One call for each value, in chunks; gives a handle.
    pub(super) fn submit_map(&mut self, mapping: &'e Mapping) -> Stepped<Had> {
        let Mapping { function, over, chunk, callback, error_callback } = mapping;
        self.as_parent(|own| {
            let called = own.function(*function)?;
            takes(called, 1)?;
            let values = match own.eval(over)? {
                Value::List(values) => values,
                other => return Err(format!("goes over a list, not {}", other.kind()).into()),
            };
            let size = match chunk {
                Some(chunk) => whole(&own.eval(chunk)?, "a chunk")?,
                None => own.usual_chunk(values.len()),
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
            let mut specs = Vec::new();
            for (at, chunk) in values.chunks(size).enumerate() {
                let from = at * size;
                let chunk = sendable(Value::List(chunk.to_vec()))
                    .map_err(|error| format!("a chunk of {} values: {error}; smaller chunks travel", chunk.len()))?;
                let Value::List(chunk) = chunk else { continue };
                let name = format!("{}[{from}..{}]", called.name, from + chunk.len());
                specs.push(own.spec(*function, called, Arguments::Each(chunk), &name, Place::Pool));
            }
            if specs.is_empty() {
                // As in Python: there is nothing to do, and nobody is called back.
                return Ok(Ok(Value::Handle(Handle { first: TaskId(0), count: 0, shape: Shape::Chunks })));
            }
            let callbacks = Callbacks { good: callback.as_ref(), bad: error_callback.as_ref() };
            own.submit(specs, Shape::Chunks, callbacks)
        })
    }

    /// As CPython chooses it: about four chunks for each worker.
    fn usual_chunk(&self, values: usize) -> i64 {
        let chunks = usize::try_from(self.run.setup().pool_size).unwrap_or(usize::MAX).saturating_mul(4).max(1);
        i64::try_from(values.div_ceil(chunks)).unwrap_or(i64::MAX)
    }

    fn function(&self, function: FunctionId) -> Stepped<&'e Function> {
        let found = self.run.program.functions.get(usize::from(function.0));
        found.ok_or_else(|| format!("there is no function {}", function.0).into())
    }

    fn spec(&mut self, function: FunctionId, called: &Function, args: Arguments, name: &str, place: Place) -> TaskSpec {
        let call = FunctionCall { function, args, seed: self.draw.give_seed(), uses: called.uses.clone() };
        let name = Some(super::say::cut(name));
        TaskSpec { name, work: Work::Steps(Box::new(call)), stage: Stage::default(), place }
    }

    fn submit(&mut self, specs: Vec<TaskSpec>, shape: Shape, callbacks: Callbacks<'e>) -> Stepped<Had> {
        let count = specs.len();
        if count > TASKS_MAX {
            return Err(format!("{count} tasks at once are more than {TASKS_MAX}; larger chunks make fewer").into());
        }
        let Some(task) = self.run.task else { return Err("an initializer has nobody to hand tasks to".into()) };
        let report = fitting(Report::Submits { task, thread: self.id, specs })?;
        match had(self.ask_by(|_, _| report)?) {
            Ok(Value::Handle(handle)) => {
                let handle = Handle { shape, ..handle };
                self.start_handler(handle, callbacks)?;
                Ok(Ok(Value::Handle(handle)))
            }
            Ok(_) => Err("the answer belongs to another question".into()),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Callbacks are done by a thread of the parent's, with a copy of the locals there are now.
    fn start_handler(&mut self, handle: Handle, callbacks: Callbacks<'e>) -> Stepped<()> {
        if callbacks.good.is_none() && callbacks.bad.is_none() {
            return Ok(());
        }
        self.start("result handler", Kind::Handler, move |thread| {
            if let Err(Stop::Failed(text)) = thread.call_back(handle, callbacks) {
                let text = format!("callback of task {}: {text}", handle.first);
                thread.complain(&text);
            }
        })?;
        Ok(())
    }

    fn call_back(&mut self, handle: Handle, callbacks: Callbacks<'e>) -> Stepped<()> {
        let (callback, value) = match self.results_of(handle, Patience::Forever)? {
            Ok(value) => (callbacks.good, value),
            Err(reason) => (callbacks.bad, Value::Text(reason)),
        };
        if let Some(callback) = callback {
            self.assign(crate::task::Variable::Local(callback.value), value, None);
            self.block(&callback.steps)?;
        }
        Ok(())
    }
}

/// What is done with a result, or with the reason that there is none.
#[derive(Clone, Copy)]
struct Callbacks<'e> {
    good: Option<&'e Callback>,
    bad: Option<&'e Callback>,
}

fn takes(function: &Function, args: usize) -> Stepped<()> {
    if usize::from(function.params) == args {
        return Ok(());
    }
    Err(format!("function {} takes {} arguments, not {args}", function.name, function.params).into())
}

/// The report, unless it is too long to be said at once.
fn fitting(report: Report) -> Stepped<Report> {
    let message = FromWorker::Reports(vec![report]);
    let fits = encode(&message).is_ok_and(|frame| frame.len() <= BYTES_MAX);
    let FromWorker::Reports(mut reports) = message else { return Err(Stop::Halted) };
    match reports.pop() {
        Some(report) if fits => Ok(report),
        _ => Err(format!("the arguments take more than the {BYTES_MAX} bytes that can be handed over at once").into()),
    }
}
