//! Does steps, one after the other, and those within them.
//! It does not know how any single one talks to the parent or the system.

use std::hint::black_box;

use super::thread::Thread;
use super::{Stepped, Stop};
use crate::offspring;
use crate::task::{Expr, Grain, Step, Value, Variable};
use crate::worker::download::scaled;

/// How many additions are made between two looks at whether to go on.
const ADDITIONS: u64 = 50_000;

/// How it goes on after a step.
#[derive(Debug)]
pub(super) enum Flow {
    /// With the next one.
    On,
    /// Behind the innermost loop.
    Break,
    /// Not at all: the function is done.
    Return(Value),
}

impl<'e> Thread<'_, 'e> {
    /// Does the steps in order.
    pub(super) fn block(&mut self, steps: &'e [Step]) -> Stepped<Flow> {
        for step in steps {
            self.tick()?;
            match self.step(step)? {
                Flow::On => {}
                leaves => return Ok(leaves),
            }
        }
        Ok(Flow::On)
    }

    fn step(&mut self, step: &'e Step) -> Stepped<Flow> {
        match step {
            Step::Return { value } => return Ok(Flow::Return(self.named("return", |own| own.eval(value))?)),
            Step::Break => return Ok(Flow::Break),
            Step::Repeat { times, counter, steps } => return self.repeat(times.as_ref(), *counter, steps),
            Step::For { each, of, steps } => return self.for_each(*each, of, steps),
            Step::When { condition, then, otherwise } => {
                let is_true = self.named("when", |own| own.eval(condition))?.is_true();
                return self.block(if is_true { then } else { otherwise });
            }
            Step::Ask { action, into, error, otherwise } => {
                return self.asked(action, *into, *error, otherwise.as_deref());
            }
            Step::Locked { lock, steps } => return self.locked(*lock, |own| own.block(steps)),
            Step::Fail { text } => {
                let text = self.named("fail", |own| own.eval(text))?;
                return Err(Stop::Failed(super::say::cut(&text.to_string())));
            }
            Step::Set { variable, value } => self.named("set", |own| own.set(*variable, value)),
            Step::Sleep { low_ms, high_ms, grain } => {
                let ms = self.draw_ms(*low_ms, *high_ms, *grain);
                self.sleep(scaled(ms, self.run.setup().speed_milli))
            }
            Step::Print { text } => self.named("print", |own| own.say(&own.eval(text)?.to_string())),
            Step::Note { text } => self.tell(text),
            Step::Compute { operations } => self.named("compute", |own| own.compute(operations)),
            Step::Exit { code } => self.named("exit", |own| own.exit(code)),
            Step::Kill { signal } => self.named("kill_self", |own| own.kill(*signal)),
            Step::Thread { name, steps } => self.named("thread", |own| {
                let name = own.eval(name)?.to_string();
                own.start_thread(&name, steps)
            }),
            Step::JoinThreads { name } => self.named("join", |own| {
                let name = name.as_ref().map(|name| own.eval(name)).transpose()?.map(|name| name.to_string());
                own.join_threads(name.as_deref())
            }),
            Step::Download { name, bytes, time_ms, grain, link, fail_per_mille, stall_per_mille } => {
                self.named("download", |own| {
                    let name = own.eval(name)?.to_string();
                    let bytes = own.draw.within(bytes.0, bytes.1);
                    let duration_ms = own.draw_ms(time_ms.0, time_ms.1, *grain);
                    own.download(&name, bytes, duration_ms, *link, (*fail_per_mille, *stall_per_mille))
                })
            }
            Step::CopyFile { tree, path } => self.named("copy_file", |own| {
                let path = own.eval(path)?.to_string();
                own.copy_file(*tree, &path)
            }),
            Step::Command { words } => self.named("run", |own| own.command(words)),
        }
        .map(|()| Flow::On)
    }

    /// A failure inside names the function and the step.
    pub(super) fn named<T>(&mut self, verb: &str, inside: impl FnOnce(&mut Self) -> Stepped<T>) -> Stepped<T> {
        inside(self).map_err(|stop| match stop {
            Stop::Halted => Stop::Halted,
            Stop::Failed(text) => self.failed(&format!("{verb}: {text}")),
        })
    }

    fn set(&mut self, variable: Variable, value: &Expr) -> Stepped<()> {
        let wanted = match variable {
            Variable::Shared(shared) => Some(shared),
            Variable::Local(_) => None,
        };
        let (value, origin) = self.eval_from(value, wanted)?;
        self.assign(variable, value, origin);
        Ok(())
    }

    fn repeat(&mut self, times: Option<&'e Expr>, counter: Option<u16>, steps: &'e [Step]) -> Stepped<Flow> {
        let times = match times {
            None => i64::MAX,
            Some(times) => self.named("repeat", |own| whole(&own.eval(times)?, "a number of times"))?,
        };
        for round in 0..times {
            if let Some(counter) = counter {
                self.assign(Variable::Local(counter), Value::Int(round), None);
            }
            // For the empty ones.
            self.tick()?;
            match self.block(steps)? {
                Flow::On => {}
                Flow::Break => break,
                leaves @ Flow::Return(_) => return Ok(leaves),
            }
        }
        Ok(Flow::On)
    }

    fn for_each(&mut self, each: u16, of: &'e Expr, steps: &'e [Step]) -> Stepped<Flow> {
        let items = self.named("for", |own| match own.eval(of)? {
            Value::List(items) => Ok(items),
            other => Err(format!("goes through a list, not {}", other.kind()).into()),
        })?;
        for item in items {
            self.assign(Variable::Local(each), item, None);
            self.tick()?;
            match self.block(steps)? {
                Flow::On => {}
                Flow::Break => break,
                leaves @ Flow::Return(_) => return Ok(leaves),
            }
        }
        Ok(Flow::On)
    }

    fn draw_ms(&mut self, low_ms: u64, high_ms: u64, grain: Grain) -> u64 {
        match grain {
            Grain::Milliseconds => self.draw.within(low_ms, high_ms),
            Grain::Seconds => self.draw.within(low_ms.div_ceil(1000), high_ms / 1000).saturating_mul(1000),
        }
    }

    fn compute(&mut self, operations: &Expr) -> Stepped<()> {
        let mut left = whole(&self.eval(operations)?, "a number of additions")?.unsigned_abs();
        let mut sum = 0_u64;
        while left > 0 {
            self.tick()?;
            let some = left.min(ADDITIONS);
            for number in 0..some {
                sum = black_box(sum.wrapping_add(number));
            }
            left -= some;
        }
        Ok(())
    }

    fn exit(&mut self, code: &Expr) -> Stepped<()> {
        let code = match self.eval(code)? {
            Value::Bool(bool) => i64::from(bool),
            Value::Int(code) => code,
            other => return Err(format!("a status is a whole number, not {}", other.kind()).into()),
        };
        self.prepare_to_end()?;
        // The system looks at the last eight bits alone.
        std::process::exit(i32::try_from(code & 0xff).unwrap_or(1))
    }

    fn kill(&self, signal: i32) -> Stepped<()> {
        let signal = nix::sys::signal::Signal::try_from(signal).map_err(|_| format!("there is no signal {signal}"))?;
        self.prepare_to_end()?;
        // To this thread, so that it is not a step further when the process ends. Twice, since for some signals there is a
        // handler that takes the first one and steps aside.
        for _ in 0..2 {
            nix::sys::signal::raise(signal).map_err(|errno| errno.desc().to_lowercase())?;
        }
        Ok(())
    }

    /// What other threads' commands have started ends before the process does: the parent may be on another machine, where
    /// it cannot see to that.
    fn prepare_to_end(&self) -> Stepped<()> {
        let shared = self.run.shared;
        if !shared.home.is_own() {
            return Err("cannot end the parent's process this way".into());
        }
        shared.control.close();
        offspring::kill_all(&[]);
        shared.outbox.flush();
        Ok(())
    }
}

/// A whole number that is not negative.
pub(super) fn whole(value: &Value, what: &str) -> Stepped<i64> {
    match value {
        Value::Int(int @ 0..) => Ok(*int),
        Value::Bool(bool) => Ok(i64::from(*bool)),
        Value::Int(_) => Err(format!("{what} cannot be negative").into()),
        other => Err(format!("{what} is a whole number, not {}", other.kind()).into()),
    }
}
