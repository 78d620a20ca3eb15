//! Steps that hand calls of functions over: apply, map, start, and their callbacks. PURE.
//! It does not know who does the calls.

use std::ops::Range;

use toml::de::DeValue;

use super::super::fields::{Fields, text, wrong_type};
use super::super::verbs::Verb;
use super::body::Body;
use super::values;
use crate::task::{Action, Callback, Expr, FunctionId, Mapping, Step, Submission};

impl<'a, 'i> Body<'_, 'a, 'i> {
    pub(super) fn submission(&mut self, verb: Verb, name: &'static str, step: &Fields<'a, 'i>) -> Option<Step> {
        let function = self.function(step, name);
        let is_map = matches!(verb, Verb::Map | Verb::MapAsync);
        let action = if is_map { self.mapping(verb, step, function) } else { self.single(verb, step, function) };
        self.ask(step, action, false)
    }

    fn single(&mut self, verb: Verb, step: &Fields<'a, 'i>, function: Option<FunctionId>) -> Option<Action> {
        let args = self.args(step, function);
        let name = if step.has("name") { Some(self.said(step, "name")?) } else { None };
        let callback = self.callback(step, "callback", "value", "result");
        let error_callback = self.callback(step, "error_callback", "error", "error");
        let call = Submission { function: function?, args: args?, name, callback, error_callback };
        Some(match verb {
            Verb::Apply => Action::Apply(call),
            Verb::ApplyAsync => Action::ApplyAsync(call),
            _ => Action::Start(call),
        })
    }

    fn mapping(&mut self, verb: Verb, step: &Fields<'a, 'i>, function: Option<FunctionId>) -> Option<Action> {
        let over = self.expr(step, "over", "\"range(10)\"");
        let chunk = if step.has("chunk") { Some(self.expr(step, "chunk", "2")?) } else { None };
        if let Some(function) = function {
            self.count_args(function, 1, Self::at(step, if verb == Verb::Map { "map" } else { "map_async" }));
        }
        let callback = self.callback(step, "callback", "value", "result");
        let error_callback = self.callback(step, "error_callback", "error", "error");
        let map = Mapping { function: function?, over: over?, chunk, callback, error_callback };
        Some(if verb == Verb::Map { Action::Map(map) } else { Action::MapAsync(map) })
    }

    /// The function under that key.
    fn function(&mut self, step: &Fields<'a, 'i>, key: &str) -> Option<FunctionId> {
        let value = step.get(key)?;
        let name = text(value, key, "the name of a function in quotes", self.problems)?;
        let names = self.scope.names;
        let found = names.function(name);
        match found {
            Some(function) => {
                self.found.called.insert(function);
            }
            None => self.unknown(value.span(), "function", name, || {
                names.functions.iter().map(|function| function.name).collect()
            }),
        }
        found
    }

    fn args(&mut self, step: &Fields<'a, 'i>, function: Option<FunctionId>) -> Option<Vec<Expr>> {
        let mut args = Vec::new();
        let mut at = step.span.clone();
        if let Some(value) = step.get("args") {
            at = value.span();
            let DeValue::Array(array) = value.get_ref() else {
                wrong_type(value, "args", "a list of values such as [\"n\", 5]", self.problems);
                return None;
            };
            for element in array {
                args.push(values::expr(element, "args", &self.scope, self.seen, self.problems));
            }
        }
        if let Some(function) = function {
            self.count_args(function, args.len(), at);
        }
        args.into_iter().collect()
    }

    fn count_args(&mut self, function: FunctionId, given: usize, at: Range<usize>) {
        let function = &self.scope.names.functions[usize::from(function.0)];
        if function.params.len() != given {
            self.problems.add(at, wrong_count(function.name, &function.params, given));
        }
    }

    /// What the parent does with what comes of it.
    fn callback(&mut self, step: &Fields<'a, 'i>, key: &'static str, value: &str, default: &str) -> Option<Callback> {
        if !step.has(key) {
            if let (Some(found), "value") = (step.get(value), value) {
                let help = "write callback = [ ... ] beside it";
                self.problems.add_with_help(found.span(), "`value` names what a `callback` gets", help);
            }
            return None;
        }
        let value = self.local(step, value, Some(default));
        let steps = self.apart(|body| body.steps_of(step, key));
        Some(Callback { value: value?, steps })
    }
}

/// How many arguments the function takes, and how many there are.
pub(super) fn wrong_count(name: &str, params: &[&str], given: usize) -> String {
    let wanted = match params {
        [] => "no arguments".to_owned(),
        [one] => format!("1 argument ({one})"),
        more => format!("{} arguments ({})", more.len(), values::listed(more)),
    };
    let given = match given {
        0 => "none".to_owned(),
        given => given.to_string(),
    };
    format!("`{name}` takes {wanted}, not {given}")
}
