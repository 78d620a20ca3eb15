//! `pooltop runs`: lists recorded runs, the newest first. It writes nothing.
//! It does not know how a journal is written.

mod look;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use serde::Serialize;

use super::{Refusal, print};
use crate::cli::{Runs, RunsFormat};
use crate::journal;
use crate::task::RawText;
use crate::text::{middle_cut, sanitized, width};
use crate::tui::format::{bytes, took};
use look::{Came, Look};

/// How wide the table is where nobody says how wide the terminal is: as wide as it likes.
const COLUMNS_ANY: usize = usize::MAX;

/// What a command has at least, however narrow the terminal.
const COMMAND_COLUMNS_MIN: usize = 12;

/// Does it.
pub(super) fn run(wanted: &Runs) -> Result<u8, Refusal> {
    let folder = journal::runs_folder().map_err(|error| Refusal::usage(&error))?;
    let ids =
        journal::run_ids(&folder).map_err(|error| Refusal::usage(&format!("read {}: {error}", folder.display())))?;
    if wanted.format == RunsFormat::Ids {
        return print(|out| ids.iter().try_for_each(|id| writeln!(out, "{id}")));
    }
    let looks: Vec<Look> = ids.iter().map(|id| look::look(journal::in_folder(&folder, id))).collect();
    if wanted.format == RunsFormat::Json {
        return print(|out| {
            looks.iter().try_for_each(|look| {
                serde_json::to_writer(&mut *out, &Line::of(look))?;
                writeln!(out)
            })
        });
    }
    if looks.is_empty() {
        super::complain(&format!("no run is recorded in {}", sanitized(&folder.to_string_lossy())));
        return Ok(0);
    }
    let now = crate::clock::wall_us();
    let columns = if std::io::stdout().is_terminal() { terminal_columns() } else { COLUMNS_ANY };
    print(|out| out.write_all(table(&looks, now, columns).as_bytes()))
}

fn terminal_columns() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout()).map_or(COLUMNS_ANY, |size| match size.ws_col {
        0 => COLUMNS_ANY,
        columns => columns.into(),
    })
}

/// The columns, with a heading.
fn table(looks: &[Look], now_unix_us: i64, columns: usize) -> String {
    let heading = ["RUN", "AGE", "OUTCOME", "TOOK", "SIZE"].map(ToOwned::to_owned);
    let cells = |look: &Look| {
        let since = |started: i64| Duration::from_micros(u64::try_from(now_unix_us - started).unwrap_or(0));
        [
            look.found.id.to_string(),
            look.header.as_ref().map(|header| age(since(header.started_unix_us))).unwrap_or_default(),
            look.came.to_string(),
            look.took_us.map(|us| took(Duration::from_micros(us))).unwrap_or_default(),
            bytes(look.bytes),
        ]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(looks.iter().map(cells)).collect();
    let widths: [usize; 5] = std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    let left = columns.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(COMMAND_COLUMNS_MIN);
    let commands = std::iter::once("COMMAND".to_owned()).chain(looks.iter().map(|look| {
        let command = look.header.as_ref().map(|header| command(&header.command)).unwrap_or_default();
        middle_cut(&command, left, "\u{2026}")
    }));
    let mut text = String::new();
    for (row, command) in rows.into_iter().zip(commands) {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Words begin at the same place, figures end at the same.
            let _ =
                if at % 2 == 0 && at < 4 { write!(line, "{cell:width$}  ") } else { write!(line, "{cell:>width$}  ") };
        }
        let _ = writeln!(text, "{}", (line + &command).trim_end());
    }
    text
}

/// As one would type it: the program by its name, words quoted where they have to be.
fn command(words: &[RawText]) -> String {
    let words = words.iter().enumerate().map(|(at, word)| {
        let word = word.lossy();
        let word = if at == 0 { word.rsplit('/').next().unwrap_or_default().to_owned() } else { word.into_owned() };
        shlex::try_quote(&word).map(std::borrow::Cow::into_owned).unwrap_or(word)
    });
    sanitized(&words.collect::<Vec<_>>().join(" ")).into_owned()
}

/// `3 s`, `12 min`, `5 h`, `3 days`.
fn age(time: Duration) -> String {
    let secs = time.as_secs();
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}

/// A run as an object.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    started_unix_us: Option<i64>,
    command: Option<&'a [RawText]>,
    folder: Option<&'a RawText>,
    scenario: Option<&'a RawText>,
    outcome: &'static str,
    /// The journal's first line that is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged_at: Option<u64>,
    done: Option<u64>,
    failed: Option<u64>,
    total: Option<u64>,
    took_us: Option<u64>,
    bytes: u64,
    journal: RawText,
}

impl<'a> Line<'a> {
    fn of(look: &'a Look) -> Self {
        let header = look.header.as_ref();
        let counts = look.counts;
        Self {
            id: &look.found.id.0,
            started_unix_us: header.map(|header| header.started_unix_us),
            command: header.map(|header| &*header.command),
            folder: header.map(|header| &header.folder),
            scenario: header.and_then(|header| Some(&header.scenario.as_ref()?.name)),
            outcome: look.came.name(),
            damaged_at: if let Came::Damaged { line } = look.came { Some(line) } else { None },
            done: counts.map(|counts| counts.done),
            failed: counts.map(|counts| counts.failed),
            total: counts.map(|counts| counts.total),
            took_us: look.took_us,
            bytes: look.bytes,
            journal: RawText::from(look.found.journal.as_os_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Header, Outcome, RunId};
    use look::Counts;

    fn look(id: &str, came: Came) -> Look {
        let header = Header {
            format: 1,
            run: RunId(id.into()),
            program: "0.1.0".into(),
            started_unix_us: 1_000_000,
            command: ["/usr/bin/pooltop", "run", "echo \u{1b}[31m", "x"].map(RawText::from).to_vec(),
            folder: RawText::from("/"),
            scenario: None,
            made: Vec::new(),
            copies: Vec::new(),
        };
        let found = journal::in_folder(std::path::Path::new("/r"), &RunId(id.into()));
        let counts = Some(Counts { done: 61, failed: 0, total: 61 });
        Look { found, header: Some(header), came, counts, took_us: Some(12_400_000), bytes: 131_639 }
    }

    #[test]
    fn the_table_says_what_came_of_each_run_and_is_as_wide_as_the_terminal() {
        let done = Came::Over(Outcome::Done, Counts { done: 61, failed: 0, total: 61 });
        let looks = [look("20260102-030405-0a1b", done), look("20260101-030405-0a1b", Came::Damaged { line: 17 })];
        let table = table(&looks, 181_000_000, 100);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "RUN                     AGE  OUTCOME              TOOK    SIZE  COMMAND");
        assert!(lines[1].starts_with("20260102-030405-0a1b  3 min  done 61/61          12.4s  132 kB  pooltop run"));
        assert!(lines[2].contains("damaged at line 17"));
        assert!(!table.contains('\u{1b}') && lines.iter().all(|line| width(line) <= 100), "{table}");
    }

    #[test]
    fn ages_are_short() {
        let ages = [5, 119, 120, 7_199, 7_200, 172_800].map(|secs| age(Duration::from_secs(secs)));
        assert_eq!(ages, ["5 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
    }
}
