//! Where a step's names have their values: the thread's locals, the process's variables, and what the process knows.
//! It does not know the steps.

use std::cell::Cell as Slot;
use std::cell::RefCell;
use std::path::Path;

use super::thread::Thread;
use super::variable::Seen;
use super::{Run, Stepped};
use crate::task::{Expr, Known, Names, Tree, Value, Variable};
use crate::worker::start::host_name;

/// One of a function's own variables.
#[derive(Clone, Default)]
pub(super) struct Local {
    pub(super) value: Value,
    /// The process's variable it was made from, so that a race is seen also when the value took a way through a local.
    pub(super) origin: Option<Origin>,
}

impl From<Value> for Local {
    fn from(value: Value) -> Self {
        Self { value, origin: None }
    }
}

/// Which of the process's variables was read, and when.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) shared: u16,
    pub(super) seen: Seen,
}

/// The names as one evaluation sees them.
struct View<'t, 'e> {
    run: &'t Run<'e>,
    thread: &'t str,
    locals: &'t [Local],
    /// Reads of other variables of the process do not matter where it is one that is about to be set.
    wanted: Option<u16>,
    origin: Slot<Option<Origin>>,
    trouble: RefCell<Option<Box<str>>>,
}

impl View<'_, '_> {
    fn note(&self, origin: Option<Origin>) {
        if let Some(origin) = origin
            && self.wanted.is_none_or(|wanted| wanted == origin.shared)
            && self.origin.get().is_none()
        {
            self.origin.set(Some(origin));
        }
    }
}

impl Names for View<'_, '_> {
    fn variable(&self, variable: Variable) -> Value {
        match variable {
            Variable::Local(place) => {
                let Some(local) = self.locals.get(usize::from(place)) else { return Value::None };
                self.note(local.origin);
                local.value.clone()
            }
            Variable::Shared(shared) => {
                let Some(cell) = self.run.memory.cells.get(usize::from(shared)) else { return Value::None };
                let (value, seen) = cell.read();
                self.note(Some(Origin { shared, seen }));
                value
            }
        }
    }

    fn known(&self, known: Known) -> Value {
        let run = self.run;
        let setup = run.setup();
        match known {
            Known::Pid => Value::Int(i64::from(std::process::id())),
            Known::ParentPid if !run.shared.home.is_own() => Value::Int(i64::from(nix::unistd::getppid().as_raw())),
            Known::ParentPid => Value::Int(i64::from(setup.parent.0)),
            Known::Process => Value::Text(run.name.clone()),
            Known::Thread => Value::Text(self.thread.into()),
            Known::Host => Value::Text(host_name()),
            Known::Cpus => Value::Int(i64::from(setup.cpus)),
            Known::Worker if !run.shared.home.is_own() => Value::Int(0),
            Known::Worker => Value::Int(i64::from(setup.slot.0) + 1),
            Known::Elapsed => elapsed(run),
            Known::LostUpdates(shared) => {
                let lost = run.memory.cells.get(usize::from(shared)).map_or(0, super::variable::Cell::lost);
                Value::Int(i64::try_from(lost).unwrap_or(i64::MAX))
            }
            Known::Files(tree) => match run.program.trees.get(usize::from(tree)).map(files) {
                Some(Ok(list)) => list,
                Some(Err(text)) => {
                    *self.trouble.borrow_mut() = Some(text);
                    Value::None
                }
                None => Value::None,
            },
            Known::PoolSize => Value::Int(i64::from(setup.pool_size)),
        }
    }
}

impl Thread<'_, '_> {
    /// What an expression comes to here.
    pub(super) fn eval(&self, expr: &Expr) -> Stepped<Value> {
        Ok(self.eval_from(expr, None)?.0)
    }

    /// The same, and from which of the process's variables it was made; only `wanted` counts if one is wanted.
    pub(super) fn eval_from(&self, expr: &Expr, wanted: Option<u16>) -> Result<(Value, Option<Origin>), Box<str>> {
        let view = View {
            run: self.run,
            thread: &self.name,
            locals: &self.locals,
            wanted,
            origin: Slot::new(None),
            trouble: RefCell::new(None),
        };
        let value = expr.eval(&view);
        match view.trouble.into_inner() {
            Some(text) => Err(text),
            None => Ok((value?, view.origin.get())),
        }
    }
}

/// In milliseconds, so that people can read it.
#[expect(clippy::cast_precision_loss, reason = "a scenario is over long before the digits run out")]
fn elapsed(run: &Run<'_>) -> Value {
    let ms = run.begun.elapsed().as_millis() * u128::from(run.setup().speed_milli) / 1000;
    Value::Float(ms as f64 / 1000.0)
}

/// The paths of all files of a tree, relative, sorted. Links are not followed.
fn files(tree: &Tree) -> Result<Value, Box<str>> {
    let root = Path::new(tree.from.as_os());
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot list {}: {}", folder.display(), error.kind()))?;
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    let path = entry.path();
                    found.push(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned());
                }
                _ => {}
            }
        }
    }
    found.sort_unstable();
    Value::List(found.into_iter().map(|path| Value::Text(path.into())).collect()).bounded()
}
