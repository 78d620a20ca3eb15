//! Asks about tasks that may have been done, once, before the run goes on, in plain text on the terminal.
//! It does not know what such a task is, nor what is done with the answer.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Write};

use crate::task::TaskId;
use crate::text::sanitized;

/// How many tasks are named before the question.
const NAMED_MAX: usize = 20;

/// How many columns a name gets.
const NAME_CHARS_MAX: usize = 100;

/// How often a question is put to somebody who answers something else.
const ASKED_MAX: u32 = 5;

/// A task in doubt, and what people call it.
pub(super) struct Doubtful {
    pub task: TaskId,
    pub name: String,
}

/// Those that are to be done again.
pub(super) type Again = HashSet<TaskId>;

/// The terminal, if there is one with somebody in front of it. Standard input may be a list.
pub(super) fn terminal() -> Option<(impl BufRead, impl Write)> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let keys = File::options().read(true).write(true).open("/dev/tty").ok()?;
    Some((BufReader::new(keys), io::stderr()))
}

/// Puts the question. `None`: there was no answer, so nothing is to be begun.
///
/// # Errors
/// When the terminal is gone.
pub(super) fn ask(doubtful: &[Doubtful], mut keys: impl BufRead, mut out: impl Write) -> io::Result<Option<Again>> {
    let count = doubtful.len();
    let (tasks, were) = if count == 1 { ("task", "was") } else { ("tasks", "were") };
    writeln!(out, "{count} {tasks} {were} cut off with the run and may have been done:")?;
    for Doubtful { task, name } in doubtful.iter().take(NAMED_MAX) {
        writeln!(out, "  {task}  {}", shown(name))?;
    }
    if let Some(more @ 1..) = count.checked_sub(NAMED_MAX) {
        writeln!(out, "  and {more} more")?;
    }
    let question = "Do them again? [a]ll of them, [n]one (they have failed), [o]ne by one: ";
    let Some(answer) = choose(question, &["all", "none", "one by one"], &mut keys, &mut out)? else { return Ok(None) };
    match answer {
        0 => Ok(Some(doubtful.iter().map(|doubtful| doubtful.task).collect())),
        1 => Ok(Some(Again::new())),
        _ => one_by_one(doubtful, &mut keys, &mut out),
    }
}

fn one_by_one(doubtful: &[Doubtful], keys: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Option<Again>> {
    let mut again = Again::new();
    for Doubtful { task, name } in doubtful {
        let question = format!("{task}  {}  again? [y]es, [n]o: ", shown(name));
        match choose(&question, &["yes", "no"], keys, out)? {
            None => return Ok(None),
            Some(0) => _ = again.insert(*task),
            Some(_) => {}
        }
    }
    Ok(Some(again))
}

/// Which of the answers it is: its first letter serves.
fn choose(question: &str, answers: &[&str], keys: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Option<usize>> {
    for _ in 0..ASKED_MAX {
        write!(out, "{question}")?;
        out.flush()?;
        let mut line = String::new();
        // What is no text is no answer.
        match keys.read_line(&mut line) {
            Ok(0) => {
                writeln!(out)?;
                return Ok(None);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(error) => return Err(error),
        }
        let said = line.trim().to_lowercase();
        let is_meant = |answer: &&str| !said.is_empty() && (**answer == said || answer[..1] == said);
        if let Some(at) = answers.iter().position(is_meant) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn shown(name: &str) -> String {
    let name = sanitized(name);
    match name.char_indices().nth(NAME_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str], keys: &str) -> (Option<Vec<u32>>, String) {
        let doubtful: Vec<_> =
            (0..).map(TaskId).zip(names).map(|(task, name)| Doubtful { task, name: (*name).to_owned() }).collect();
        let mut out = Vec::new();
        let again = ask(&doubtful, keys.as_bytes(), &mut out).unwrap();
        let again = again.map(|again| {
            let mut again: Vec<u32> = again.into_iter().map(|task| task.0).collect();
            again.sort_unstable();
            again
        });
        (again, String::from_utf8(out).unwrap())
    }

    #[test]
    fn all_none_or_some_are_done_again() {
        assert_eq!(asked(&["one", "two"], "a\n").0, Some(vec![0, 1]));
        assert_eq!(asked(&["one", "two"], "None\n").0, Some(vec![]));
        let (again, text) = asked(&["one", "two", "three"], "what?\no\ny\n\nn\nyes\n");
        assert_eq!(again, Some(vec![0, 2]));
        assert!(text.starts_with("3 tasks were cut off with the run and may have been done:\n  1  one\n"), "{text}");
    }

    #[test]
    fn who_does_not_answer_wants_nothing() {
        for keys in ["", "x\nx\nx\nx\nx\na\n", "o\ny\n"] {
            assert_eq!(asked(&["one", "two"], keys).0, None, "{keys:?}");
        }
    }

    #[test]
    fn names_are_harmless_and_not_too_many() {
        let long = "n".repeat(500);
        let hostile = "\u{1b}[2J\u{202e}";
        let names: Vec<&str> = [long.as_str(), hostile].into_iter().chain(std::iter::repeat_n("x", 30)).collect();
        let (_, text) = asked(&names, "o\ny\ny\n");
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.contains("  and 12 more\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 400));
    }
}
