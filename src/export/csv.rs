//! A line for each task, with a heading, as RFC 4180 has it: for spreadsheets and data frames.
//! It does not know the run as a whole.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula and computes it when the file is opened. Names
//! and reasons come from strangers, so such a text gets an apostrophe before it, which spreadsheets show as "this is text".
//! Whoever needs the names to the letter has the JSON export.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use super::ledger::{Ledger, Row};
use super::{Broken, follow, seconds};
use crate::journal::Reader;

/// The first line.
const HEADING: &str = "task,name,kind,status,attempts,worker,started_s,took_s,bytes,exit,signal,reason\r\n";

pub(super) fn write<R: BufRead>(reader: &mut Reader<R>, out: &mut dyn Write) -> io::Result<Option<Broken>> {
    let mut ledger = Ledger::default();
    let (state, broken) = follow(reader, &mut ledger)?;
    out.write_all(HEADING.as_bytes())?;
    for row in ledger.rows(&state) {
        write_row(&row, out)?;
    }
    Ok(broken)
}

fn write_row(row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (started, took) = row.time_us.map(|(started, took)| (seconds(started), seconds(took))).unwrap_or_default();
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    write!(
        out,
        "{},{},{},{},{},{},{started},{took},{},{},{},{}\r\n",
        row.task,
        text(&row.name),
        row.kind,
        row.status.word(),
        row.attempts,
        row.worker.as_deref().unwrap_or_default(),
        row.bytes,
        number(row.exit),
        number(row.signal),
        text(row.reason.as_deref().unwrap_or_default()),
    )
}

/// A text in a cell of its own, that no spreadsheet computes.
fn text(text: &str) -> Cow<'_, str> {
    // Readers choke on NUL, and nobody wants the other controls in a table.
    let is_odd = |char: char| char.is_control() && !matches!(char, '\t' | '\n' | '\r');
    let mut cell =
        if text.contains(is_odd) { Cow::Owned(text.replace(is_odd, "\u{fffd}")) } else { Cow::Borrowed(text) };
    // Some programs look behind leading blanks.
    if cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r', '\n']) {
        cell = Cow::Owned(format!("'{cell}"));
    }
    if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
        cell = Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (name, cell) in [
            ("plain", "plain"),
            ("春节.mov", "春节.mov"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-rf", "'-rf"),
            ("  =1", "'  =1"),
            (" a", "\" a\""),
            ("\t=1", "'\t=1"),
            ("a\0b\x1b[2J", "a\u{fffd}b\u{fffd}[2J"),
        ] {
            assert_eq!(text(name), cell, "{name:?}");
        }
    }
}
