//! The `[[at]]` tables of a scenario: what is asked of the pool, and when. PURE.
//! It does not know the other tables, nor who asks it of the pool.

use toml::de::DeValue;

use super::super::fields::{Fields, text, whole, wrong_type};
use super::super::plan::Timed;
use super::super::problem::Problems;
use crate::command::{Command, Note, Resize, WORKERS_MAX, Weight};
use crate::notation::duration_ms;

/// How long a note may be, in characters.
const NOTE_CHARS_MAX: usize = 300;

/// What can be asked, of which every entry has one.
const COMMANDS: &[&str] = &["resize", "pause", "resume", "drain", "stop", "note"];

const KEYS: &[&str] = &["time", "resize", "pause", "resume", "drain", "stop", "note"];

/// All of them, in the order of time; those of the same time as they are written.
pub(super) fn read(top: &Fields<'_, '_>, problems: &mut Problems) -> Vec<Timed> {
    let entries = top.tables("at", "[[at]]", KEYS, problems);
    let mut timed: Vec<Timed> = entries.iter().filter_map(|at| one(at, problems)).collect();
    timed.sort_by_key(|timed| timed.at_ms);
    timed
}

fn one(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<Timed> {
    if !at.has("time") {
        at.missing("time", "\"3s\"", problems);
    }
    let at_ms = at.notation("time", "\"3s\"", duration_ms, problems);
    let asked: Vec<&str> = COMMANDS.iter().copied().filter(|command| at.has(command)).collect();
    let command = match asked[..] {
        ["resize"] => resize(at, problems),
        ["note"] => note(at, problems),
        [key] => plain(at, key, problems),
        [] => {
            problems.add(at.span.clone(), format!("an [[at]] needs what to do: one of {}", COMMANDS.join(", ")));
            None
        }
        [first, second, ..] => {
            let help = "write two [[at]] with the same time; they are done in that order";
            let what = format!("an [[at]] does one thing; this one has {first} and {second}");
            problems.add_with_help(at.get(second)?.span(), what, help);
            None
        }
    };
    Some(Timed { at_ms: at_ms?, command: command? })
}

fn plain(at: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<Command> {
    if !at.is_set(key, problems) {
        if let Some(DeValue::Boolean(_)) = at.get(key).map(toml::Spanned::get_ref) {
            problems.add(
                at.get(key)?.span(),
                format!("`{key} = false` asks for nothing; write true or leave the entry out"),
            );
        }
        return None;
    }
    Some(match key {
        "pause" => Command::PausePool,
        "resume" => Command::ResumePool,
        "drain" => Command::Drain,
        _ => Command::Stop,
    })
}

fn note(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<Command> {
    let text = at.line("note", NOTE_CHARS_MAX, problems)?;
    Some(Command::Note(Note::new(Weight::Info, text)))
}

/// A number of workers, or a text with a sign for a change.
fn resize(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<Command> {
    let value = at.get("resize")?;
    let resize = match value.get_ref() {
        DeValue::String(_) => {
            let change = text(value, "resize", "", problems)?;
            let signed = change.starts_with(['+', '-']).then(|| change.parse::<i32>().ok()).flatten();
            let Some(by) = signed.filter(|by| by.unsigned_abs() <= WORKERS_MAX) else {
                let what = "`resize` is a number of workers such as 8, or a change in quotes such as \"+2\" or \"-1\"";
                problems.add(value.span(), what);
                return None;
            };
            Resize::By(by)
        }
        DeValue::Integer(_) => {
            let workers = whole(value, "resize", 0..=u64::from(WORKERS_MAX), problems)?;
            Resize::To(u32::try_from(workers).ok()?)
        }
        _ => {
            wrong_type(value, "resize", "a number of workers such as 8, or a change such as \"+2\"", problems);
            return None;
        }
    };
    Some(Command::Resize(resize))
}
