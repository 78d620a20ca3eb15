//! The `[[at]]` tables of a scenario: what is asked of the pool, and when. PURE.
//! It does not know the other tables, nor who asks it of the pool.

use toml::de::DeValue;

use super::super::fields::{Fields, text, whole, wrong_type};
use super::super::plan::Timed;
use super::super::problem::Problems;
use super::texts::told;
use crate::command::{Command, Note, Pick, Resize, Tune, WORKERS_MAX, Weight};
use crate::notation::{Language, duration_ms};
use crate::task::Slot;

/// How long a note may be, in characters.
const NOTE_CHARS_MAX: usize = 300;

/// What can be asked, of which every entry has one.
const COMMANDS: &[&str] = &["resize", "tune", "pause", "resume", "drain", "stop", "kill", "note"];

pub(super) const KEYS: &[&str] =
    &["time", "every", "times", "resize", "tune", "pause", "resume", "drain", "stop", "kill", "note"];

/// How many commands all entries may stand for together.
const COMMANDS_MAX: u64 = 10_000;

/// All of them, in the order of time; those of the same time as they are written.
pub(super) fn read(top: &Fields<'_, '_>, language: Language, problems: &mut Problems) -> Vec<Timed> {
    let entries = top.tables("at", "[[at]]", KEYS, problems);
    let mut timed: Vec<Timed> = Vec::new();
    for at in &entries {
        let Some(one) = one(at, language, problems) else { continue };
        let Some((every_ms, count)) = repeated(at, problems) else { continue };
        if timed.len() as u64 + count > COMMANDS_MAX {
            let span = at.get("times").map_or(at.span.clone(), toml::Spanned::span);
            problems.add(span, format!("a scenario asks at most {COMMANDS_MAX} things of the pool by the clock"));
            break;
        }
        let later = |time| Timed { at_ms: one.at_ms.saturating_add(every_ms.saturating_mul(time)), ..one.clone() };
        timed.extend((0..count).map(later));
    }
    timed.sort_by_key(|timed| timed.at_ms);
    timed
}

/// The time between two, and how many there are.
fn repeated(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<(u64, u64)> {
    match (at.get("every"), at.get("times")) {
        (None, None) => Some((0, 1)),
        (Some(_), Some(_)) => {
            let every_ms = at.notation("every", "\"500ms\"", duration_ms, problems);
            let times = at.whole("times", 1..=COMMANDS_MAX, problems);
            Some((every_ms?, times?))
        }
        (Some(every), None) => {
            problems.add_with_help(
                every.span(),
                "`every` needs `times`, or it would never end",
                "for instance times = 10",
            );
            None
        }
        (None, Some(times)) => {
            problems.add_with_help(times.span(), "`times` needs `every`", "for instance every = \"500ms\"");
            None
        }
    }
}

fn one(at: &Fields<'_, '_>, language: Language, problems: &mut Problems) -> Option<Timed> {
    if !at.has("time") {
        at.missing("time", "\"3s\"", problems);
    }
    let at_ms = at.notation("time", "\"3s\"", duration_ms, problems);
    let asked: Vec<&str> = COMMANDS.iter().copied().filter(|command| at.has(command)).collect();
    let command = match asked[..] {
        ["resize"] => resize(at, problems),
        ["tune"] => tune(at, problems),
        ["note"] => note(at, language, problems),
        ["kill"] => kill(at, problems),
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

/// Unlike the others it has an end, too.
fn tune(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<Command> {
    let value = at.get("tune")?;
    let DeValue::Boolean(on) = value.get_ref() else {
        wrong_type(value, "tune", "true to try sizes from then on, or false to stay with the size there is", problems);
        return None;
    };
    Some(Command::Tune(if *on { Tune::Start } else { Tune::Stop }))
}

fn note(at: &Fields<'_, '_>, language: Language, problems: &mut Problems) -> Option<Command> {
    let text = told(at, "note", NOTE_CHARS_MAX, language, problems)?;
    Some(Command::Note(Note::new(Weight::Info, text)))
}

/// Which worker is killed: by its seat, or one of many.
fn kill(at: &Fields<'_, '_>, problems: &mut Problems) -> Option<Command> {
    let value = at.get("kill")?;
    let pick = match value.get_ref() {
        DeValue::String(text) if text == "busy" => Pick::Busy,
        DeValue::String(text) if text == "any" => Pick::Any,
        DeValue::Integer(_) => {
            let seat = whole(value, "kill", 1..=u64::from(WORKERS_MAX), problems)?;
            Pick::Seat(Slot(u16::try_from(seat - 1).ok()?))
        }
        _ => {
            problems
                .add(value.span(), "`kill` is \"busy\" (a worker at a task), \"any\", or a worker's number such as 3");
            return None;
        }
    };
    Some(Command::KillWorker(pick))
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
