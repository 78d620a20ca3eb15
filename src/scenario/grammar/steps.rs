//! The steps of a function: one verb each, what belongs to it, and the steps within steps. PURE.
//! It does not know what is asked of objects and of the pool; that is in `asks` and `submits`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::super::fields::{Fields, Value, text, wrong_type};
use super::super::suggest::nearest;
use super::super::verbs::{VERBS, Verb, VerbSpec, Who, elsewhere, verb};
use super::body::{Body, Loop};
use super::objects::Kind;
use super::task::{DOWNLOAD_TIME, rounding, shares, time};
use super::texts;
use super::values;
use crate::notation::{size_bytes, span};
use crate::scenario::entry::Time;
use crate::task::{Expr, Grain, How, Step, Value as Literal};

/// How many steps a scenario may have in all its functions.
pub(super) const STEPS_MAX: usize = 10_000;

/// How deep threads may be started by threads.
const THREADS_DEPTH_MAX: usize = 4;

/// How long a note may be, in characters.
const NOTE_CHARS_MAX: usize = 300;

/// Signals a process can end itself by.
const SIGNALS: &[(&str, nix::sys::signal::Signal)] = &[
    ("KILL", nix::sys::signal::Signal::SIGKILL),
    ("TERM", nix::sys::signal::Signal::SIGTERM),
    ("INT", nix::sys::signal::Signal::SIGINT),
    ("HUP", nix::sys::signal::Signal::SIGHUP),
    ("QUIT", nix::sys::signal::Signal::SIGQUIT),
    ("ABRT", nix::sys::signal::Signal::SIGABRT),
    ("SEGV", nix::sys::signal::Signal::SIGSEGV),
    ("ALRM", nix::sys::signal::Signal::SIGALRM),
    ("USR1", nix::sys::signal::Signal::SIGUSR1),
    ("USR2", nix::sys::signal::Signal::SIGUSR2),
];

impl<'a, 'i> Body<'_, 'a, 'i> {
    /// A list of steps under that key.
    pub(super) fn steps_of(&mut self, fields: &Fields<'a, 'i>, key: &'static str) -> Vec<Step> {
        if let Some(value) = fields.get(key) {
            return self.steps(value, key);
        }
        fields.missing(key, "[ { print = \"hello\" } ]", self.problems);
        Vec::new()
    }

    pub(super) fn steps(&mut self, value: &'a Value<'i>, key: &str) -> Vec<Step> {
        let DeValue::Array(array) = value.get_ref() else {
            wrong_type(value, key, "a list of steps such as [ { print = \"hello\" } ]", self.problems);
            return Vec::new();
        };
        let mut steps = Vec::new();
        self.nesting += 1;
        for element in array {
            self.found.steps += 1;
            if self.found.steps > STEPS_MAX {
                // Said once; what follows is not even read.
                if self.found.steps == STEPS_MAX + 1 {
                    self.problems.add(element.span(), format!("a scenario has at most {STEPS_MAX} steps"));
                }
                break;
            }
            match element.get_ref() {
                DeValue::Table(table) => steps.extend(self.step(table, element.span())),
                _ => wrong_type(element, key, "a list of steps in braces: [ { sleep = \"1s\" } ]", self.problems),
            }
        }
        self.nesting -= 1;
        steps
    }

    fn step(&mut self, table: &'a DeTable<'i>, at: Range<usize>) -> Option<Step> {
        let mut verbs: Vec<(Range<usize>, &VerbSpec)> =
            table.keys().filter_map(|key| Some((key.span(), verb(key.get_ref())?))).collect();
        verbs.sort_by_key(|(at, _)| at.start);
        let spec = match &verbs[..] {
            [(_, spec)] => *spec,
            [] => {
                self.no_verb(table, at);
                return None;
            }
            [(_, first), (at, second), ..] => {
                let what = format!("a step does one thing; this one has {} and {}", first.name, second.name);
                self.problems.add_with_help(at.clone(), what, "write two steps, each in its own braces");
                return None;
            }
        };
        let step = Fields::new(table, at, spec.what, spec.keys, self.problems);
        if spec.who == Who::Parent && !self.is_parent(&step, spec.name, spec.name) {
            return None;
        }
        self.of_verb(spec.verb, spec.name, &step)
    }

    /// Says so if the function is not the parent's.
    pub(super) fn is_parent(&mut self, step: &Fields<'_, '_>, key: &str, what: &str) -> bool {
        if self.who == Who::Parent {
            return true;
        }
        let help = "the pool and its processes belong to the parent: do this in [parent]";
        self.problems.add_with_help(Self::at(step, key), format!("only [parent] can {what}"), help);
        false
    }

    /// The parent's process is pooltop itself.
    fn only_children(&mut self, step: &Fields<'_, '_>, name: &str) -> Option<()> {
        if self.who != Who::Parent {
            return Some(());
        }
        let help = "the parent ends after its last step; { fail = \"why\" } ends it with exit code 1";
        self.problems.add_with_help(Self::at(step, name), format!("[parent] cannot {name}"), help);
        None
    }

    fn no_verb(&mut self, table: &DeTable<'_>, at: Range<usize>) {
        let key = table.keys().min_by_key(|key| key.span().start);
        let Some(key) = key else {
            return self.problems.add(at, "a step needs a verb, for instance { print = \"hello\" }");
        };
        self.problems.add_lazily(key.span(), || {
            let names = VERBS.iter().map(|verb| verb.name);
            // Of several keys any can be the mistyped verb.
            let meant = table.keys().find_map(|key| nearest(key.get_ref(), names.clone()));
            let help = match (table.keys().find_map(|key| elsewhere(key.get_ref())), meant) {
                (Some(how), _) => how.to_owned(),
                (None, Some(meant)) => format!("did you mean `{meant}`?"),
                (None, None) => format!("a step is one of {}", names.collect::<Vec<_>>().join(", ")),
            };
            ("this step has no verb that is known".to_owned(), help)
        });
    }

    fn of_verb(&mut self, verb: Verb, name: &'static str, step: &Fields<'a, 'i>) -> Option<Step> {
        match verb {
            Verb::Sleep => self.sleep(step),
            Verb::Print => self.said(step, name).map(|text| Step::Print { text }),
            Verb::Note => texts::told(step, name, NOTE_CHARS_MAX, self.seen.language, self.problems)
                .map(|text| Step::Note { text: text.into() }),
            Verb::Compute => self.expr(step, name, "1000").map(|operations| Step::Compute { operations }),
            Verb::Set => {
                let value = self.expr(step, "to", "\"n + 1\"");
                Some(Step::Set { variable: self.variable(step, name)?, value: value? })
            }
            Verb::Return => {
                self.leaves_all();
                self.expr(step, name, "\"n\"").map(|value| Step::Return { value })
            }
            Verb::Fail => {
                self.leaves_all();
                self.said(step, name).map(|text| Step::Fail { text })
            }
            Verb::Exit => {
                self.leaves_all();
                self.only_children(step, name)?;
                self.expr(step, name, "1").map(|code| Step::Exit { code })
            }
            Verb::KillSelf => self.kill_self(step),
            Verb::Repeat => self.repeat(step),
            Verb::For => self.each(step),
            Verb::When => self.when(step),
            Verb::Break => self.leave(step),
            Verb::Thread => self.thread(step),
            Verb::WithLock => self.locked(step),
            Verb::Download => self.download(step),
            Verb::CopyFile => self.copy_file(step),
            Verb::Run => self.command(step),
            Verb::Apply | Verb::ApplyAsync | Verb::Map | Verb::MapAsync | Verb::Start => {
                self.submission(verb, name, step)
            }
            _ => self.asked(verb, name, step),
        }
    }

    fn sleep(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let time = time(step, "sleep", rounding(step, self.problems), self.problems)?;
        let (low_ms, high_ms, grain) = bounds(time);
        Some(Step::Sleep { low_ms, high_ms, grain })
    }

    fn kill_self(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        self.leaves_all();
        self.only_children(step, "kill_self")?;
        let value = step.get("kill_self")?;
        let name = text(value, "kill_self", "a signal such as \"KILL\"", self.problems)?;
        let upper = name.to_ascii_uppercase();
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        let found = SIGNALS.iter().find(|(name, _)| *name == short);
        if found.is_none() {
            self.unknown(value.span(), "signal", name, || SIGNALS.iter().map(|(name, _)| *name).collect());
        }
        found.map(|&(_, signal)| Step::Kill { signal: signal as i32 })
    }

    fn repeat(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let is_endless = matches!(step.get("repeat")?.get_ref(), DeValue::String(text) if text == "forever");
        let times = if is_endless { None } else { Some(self.expr(step, "repeat", "10")) };
        let counter = self.local(step, "counter", None);
        self.loops.push(Loop::default());
        let steps = self.steps_of(step, "steps");
        if let Some(done) = self.loops.pop()
            && is_endless
            && !done.is_left
        {
            self.found.endless.extend(done.recvs);
        }
        let times = match times {
            Some(times) => Some(times?),
            None => None,
        };
        Some(Step::Repeat { times, counter, steps })
    }

    fn each(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let each = self.local(step, "for", None);
        let of = self.expr(step, "of", "\"range(10)\"");
        self.loops.push(Loop::default());
        let steps = self.steps_of(step, "steps");
        self.loops.pop();
        Some(Step::For { each: each?, of: of?, steps })
    }

    fn when(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let condition = self.expr(step, "when", "\"n == 0\"");
        let then = self.steps_of(step, "steps");
        let otherwise = if step.has("else") { self.steps_of(step, "else") } else { Vec::new() };
        Some(Step::When { condition: condition?, then, otherwise })
    }

    fn leave(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        if !step.is_set("break", self.problems) {
            if let Some(DeValue::Boolean(_)) = step.get("break").map(toml::Spanned::get_ref) {
                self.problems.add(Self::at(step, "break"), "`break = false` says nothing; leave the step out");
            }
            return None;
        }
        let after_recv = self.after_recv > 0;
        let Some(innermost) = self.loops.last_mut() else {
            let help = "break leaves the innermost repeat or for of its own thread";
            self.problems.add_with_help(step.span.clone(), "there is no loop here to leave", help);
            return None;
        };
        innermost.is_left |= !after_recv;
        Some(Step::Break)
    }

    /// The function can end here, whatever loops are around.
    fn leaves_all(&mut self) {
        if self.after_recv == 0 {
            self.loops.iter_mut().for_each(|around| around.is_left = true);
        }
    }

    fn thread(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let name = self.said(step, "thread");
        if self.threads == THREADS_DEPTH_MAX {
            let what = format!("threads are started by threads at most {THREADS_DEPTH_MAX} deep");
            self.problems.add(Self::at(step, "thread"), what);
            return None;
        }
        let steps = self.apart(|body| body.steps_of(step, "steps"));
        Some(Step::Thread { name: name?, steps })
    }

    /// Reads what is done by another thread: it cannot leave this one's loops.
    pub(super) fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let (loops, after_recv) = (std::mem::take(&mut self.loops), std::mem::take(&mut self.after_recv));
        self.threads += 1;
        let out = read(self);
        self.threads -= 1;
        (self.loops, self.after_recv) = (loops, after_recv);
        out
    }

    fn locked(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let value = step.get("with_lock")?;
        let lock = text(value, "with_lock", "the name of a lock in quotes", self.problems).and_then(|name| {
            let names = self.scope.names;
            let found = names.lock(name);
            if found.is_none() {
                self.unknown(value.span(), "lock", name, || names.locks.clone());
            }
            found
        });
        let steps = self.steps_of(step, "steps");
        Some(Step::Locked { lock: lock?, steps })
    }

    fn download(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let keys = &["name", "size", "time", "link", "fail", "stall"];
        let rounding = rounding(step, self.problems);
        let download = step.table("download", "download = { ... }", keys, self.problems)?;
        let name = match download.get("name") {
            Some(_) => self.said(&download, "name"),
            None => Some(Expr::Literal(Literal::Text("download".into()))),
        };
        if !download.has("size") {
            download.missing("size", "\"5 MB..80 MB\"", self.problems);
        }
        let size =
            download.notation("size", "\"12 MB\" or \"5 MB..80 MB\"", |text| span(text, size_bytes), self.problems);
        let time =
            if download.has("time") { time(&download, "time", rounding, self.problems) } else { Some(DOWNLOAD_TIME) };
        let link = if download.has("link") { Some(self.object(&download, "link", Kind::Link)?) } else { None };
        if let Some(link) = link {
            self.uses(link, How::Transfers);
        }
        let (fail_per_mille, stall_per_mille) = shares(&download, self.problems)?;
        let (low, high, grain) = bounds(time?);
        let size = size?;
        Some(Step::Download {
            name: name?,
            bytes: (size.low, size.high),
            time_ms: (low, high),
            grain,
            link,
            fail_per_mille,
            stall_per_mille,
        })
    }

    fn copy_file(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let path = self.said(step, "copy_file");
        let Some(value) = step.get("tree") else {
            step.missing("tree", "\"photos\"", self.problems);
            return None;
        };
        let name = text(value, "tree", "the name of a tree in quotes", self.problems)?;
        let names = self.scope.names;
        let tree = names.tree(name);
        if tree.is_none() {
            self.unknown(value.span(), "tree", name, || names.trees.clone());
        }
        Some(Step::CopyFile { tree: tree?, path: path? })
    }

    fn command(&mut self, step: &Fields<'a, 'i>) -> Option<Step> {
        let value = step.get("run")?;
        let DeValue::Array(array) = value.get_ref() else {
            wrong_type(value, "run", "a list of texts such as [\"sh\", \"-c\", \"date\"]", self.problems);
            return None;
        };
        let mut words = Vec::new();
        for element in array {
            words.push(values::said(element, "run", &self.scope, self.seen, self.problems));
        }
        let words = words.into_iter().collect::<Option<Vec<Expr>>>()?;
        let is_text =
            |word: &Expr, is: fn(&str) -> bool| matches!(word, Expr::Literal(Literal::Text(text)) if is(text));
        if words.first().is_none_or(|program| is_text(program, str::is_empty)) {
            self.problems.add(value.span(), "`run` needs a program: run = [\"program\", \"argument\"]");
            return None;
        }
        if words.iter().any(|word| is_text(word, |text| text.contains('\0'))) {
            self.problems.add(value.span(), "a command cannot have a NUL in it");
            return None;
        }
        Some(Step::Command { words })
    }
}

/// From when to when in milliseconds, and how finely.
fn bounds(time: Time) -> (u64, u64, Grain) {
    match time {
        Time::Milliseconds(span) => (span.low, span.high, Grain::Milliseconds),
        Time::WholeSeconds(span) => (span.low * 1000, span.high * 1000, Grain::Seconds),
    }
}
