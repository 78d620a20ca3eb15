//! A comparison for people: a table with bars, and one in Markdown. PURE. Every text is made harmless here.
//! It does not know how the figures came about.

use std::fmt::Write as _;

use super::figures::{Report, Row};
use crate::text::{sanitized, width};
use crate::tui::compare::{bar, time};
use crate::tui::theme::Glyphs;

/// How long the longest bar is.
const BAR_COLUMNS: u16 = 30;

/// What stands where there is nothing to say.
const NOTHING: &str = "-";

const HEADINGS: [&str; 7] = ["strategy", "time", "speed-up", "efficiency", "processes", "start-up", "memory"];

/// Where the tutorial has figures.
const TUTORIAL_HEADINGS: [&str; 3] = ["ratio", "tutorial", "ratio"];

/// The table, with what it is about above it.
pub(super) fn table(report: &Report, glyphs: &Glyphs) -> String {
    let mut text = head(report).into_iter().fold(String::new(), |text, line| text + &line + "\n");
    text.push('\n');
    let headings = headings(report);
    let rows: Vec<Vec<String>> = report.rows.iter().map(|row| cells(report, row)).collect();
    let columns: Vec<usize> = (0..headings.len())
        .map(|at| rows.iter().map(|row| width(&row[at])).chain([headings[at].len()]).max().unwrap_or(0))
        .collect();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    push(&mut text, &headings, &columns, "");
    for (row, cells) in report.rows.iter().zip(&rows) {
        let share = row.time().zip(report.longest()).map(|(time, longest)| time.median / longest);
        let bar = share.map(|share| bar(share, BAR_COLUMNS, glyphs)).unwrap_or_default();
        let end = format!("{bar} {}", sanitized(&row.note().unwrap_or_default()));
        push(&mut text, cells, &columns, end.trim());
    }
    for line in foot(report) {
        let _ = write!(text, "\n{line}\n");
    }
    text
}

/// The same in Markdown, without bars.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = head(report).into_iter().fold(String::new(), |text, line| text + &escaped(&line) + "\n");
    let mut headings = headings(report);
    headings.push("note");
    let _ = write!(text, "\n| {} |\n|---|{}---|\n", headings.join(" | "), "---:|".repeat(headings.len() - 2));
    for row in &report.rows {
        let mut cells = cells(report, row);
        cells.push(row.note().unwrap_or_default());
        let cells: Vec<String> = cells.iter().map(|cell| escaped(&sanitized(cell))).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    for line in foot(report) {
        let _ = write!(text, "\n{line}\n");
    }
    text
}

fn head(report: &Report) -> Vec<String> {
    let tasks = report.tasks().map(|tasks| format!(": {tasks} tasks")).unwrap_or_default();
    let machine = &report.machine;
    let cpus = if machine.cpus == 1 { "1 CPU".to_owned() } else { format!("{} CPUs", machine.cpus) };
    let mut lines = vec![
        format!("{}{tasks}, seed {}", sanitized(&report.title), report.seed),
        format!("{cpus}, {}, pooltop {}", machine.os, machine.version),
    ];
    if report.speed_milli != 1000 {
        let speed = report.speed();
        let stand = report.longest().map(|longest| format!(": {} stand for {}", time(longest), time(longest * speed)));
        lines.push(format!("x{speed}{}", stand.unwrap_or_default()));
    }
    if report.repeat > 1 {
        lines.push(format!("medians of {} runs each, taken in turns", report.repeat));
    }
    lines
}

/// What the tutorial's ratios were, and are here.
fn foot(report: &Report) -> Vec<String> {
    let Some(base) = report.base() else { return Vec::new() };
    let others = report.rows.iter().filter(|row| row.entrant != base.entrant);
    let compared = others.filter_map(|row| {
        let (theirs, ours) = (report.tutorial_ratio(row)?, report.ratio(row)?);
        let (entrant, base) = (row.entrant, base.entrant);
        Some(format!("In the tutorial {entrant} took {theirs:.1} times as long as {base}; here {ours:.1} times."))
    });
    compared.collect()
}

fn headings(report: &Report) -> Vec<&'static str> {
    let tutorial = report.base().map(|_| TUTORIAL_HEADINGS);
    HEADINGS.into_iter().chain(tutorial.into_iter().flatten()).collect()
}

fn cells(report: &Report, row: &Row) -> Vec<String> {
    let or_nothing = |cell: Option<String>| cell.unwrap_or_else(|| NOTHING.to_owned());
    let percent = |share: f64, decimals: usize| format!("{:.decimals$} %", share * 100.0);
    let ratio = |ratio: f64| format!("{ratio:.1}x");
    let mut cells = vec![
        row.entrant.to_string(),
        or_nothing(row.time().map(|spread| time(spread.median))),
        or_nothing(report.speed_up(row).map(|speed_up| format!("{speed_up:.2}"))),
        or_nothing(report.efficiency(row).map(|share| percent(share, 0))),
        or_nothing(row.processes().map(|count| count.to_string())),
        or_nothing(row.start_up_share().map(|share| percent(share, 1))),
        or_nothing(row.peak_rss_bytes().map(megabytes)),
    ];
    if report.base().is_some() {
        cells.push(or_nothing(report.ratio(row).map(ratio)));
        cells.push(or_nothing(report.tutorial_s(row).map(time)));
        cells.push(or_nothing(report.tutorial_ratio(row).map(ratio)));
    }
    cells
}

/// One line: the first cell at the left, the others at the right of their columns.
fn push(text: &mut String, cells: &[String], columns: &[usize], end: &str) {
    let mut line = String::new();
    for (at, (cell, columns)) in cells.iter().zip(columns).enumerate() {
        let blank = " ".repeat(columns.saturating_sub(width(cell)));
        let _ = if at == 0 { write!(line, "{cell}{blank}") } else { write!(line, "  {blank}{cell}") };
    }
    let _ = write!(line, "  {end}");
    text.push_str(line.trim_end());
    text.push('\n');
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::figures::Entrant;
    use super::super::figures::tests::{measured, report, row};
    use super::*;
    use crate::scenario::TutorialTimes;
    use crate::tui::CharsetChoice;
    use crate::tui::compare::glyphs;

    fn ascii() -> &'static Glyphs {
        glyphs(CharsetChoice::Ascii)
    }

    #[test]
    fn the_table_is_aligned_and_says_what_happened() {
        let expected = "\
five|任务, \"two\" seconds: 5 tasks, seed 7
2 CPUs, Linux 6.18, pooltop 0.1.0
medians of 3 runs each, taken in turns

strategy         time  speed-up  efficiency  processes  start-up   memory
sequential    10.10 s      1.00       100 %          0         -        -  ##############################
process each  2.020 s      5.00       100 %          5     1.0 %  17.5 MB  ######
pool of 2     6.030 s      1.67        84 %          2     0.3 %   7.0 MB  ################## stuck: task 1 waits for queue q (in 1 of 3 runs)
pool of 4     4.040 s      2.50        62 %          4     0.5 %  14.0 MB  ############ 1 of 5 failed (in 1 of 3 runs)
pool of 8           -         -           -          -         -        -  no
";
        assert_eq!(table(&report(), ascii()), expected);
    }

    #[test]
    fn the_tutorial_stands_beside_ours() {
        let mut report = report();
        report.repeat = 1;
        report.speed_milli = 10_000;
        report.title = "tiny".to_owned();
        report.tutorial = Some(TutorialTimes { sequential_s: None, process_each_s: Some(9.248), pool_s: Some(0.401) });
        report.rows = vec![
            row(Entrant::Sequential, &[measured(4, 0)]),
            row(Entrant::ProcessEach, &[measured(150, 100)]),
            row(Entrant::Pool(4), &[measured(12, 4)]),
        ];
        let expected = "\
tiny: 5 tasks, seed 7
2 CPUs, Linux 6.18, pooltop 0.1.0
x10: 0.150 s stand for 1.500 s

strategy         time  speed-up  efficiency  processes  start-up    memory  ratio  tutorial  ratio
sequential    0.004 s      1.00       100 %          0         -         -   0.3x         -      -  #
process each  0.150 s      0.03         1 %        100    13.3 %  350.0 MB  12.5x   9.248 s  23.1x  ##############################
pool of 4     0.012 s      0.33         8 %          4   166.7 %   14.0 MB   1.0x   0.401 s   1.0x  ##

In the tutorial process each took 23.1 times as long as pool of 4; here 12.5 times.
";
        assert_eq!(table(&report, ascii()), expected);
    }

    #[test]
    fn markdown_holds_whatever_a_title_says() {
        let text = markdown(&report());
        assert!(text.starts_with("five\\|任务, \"two\" seconds: 5 tasks, seed 7\n"), "{text}");
        let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            table[..3],
            [
                "| strategy | time | speed-up | efficiency | processes | start-up | memory | note |",
                "|---|---:|---:|---:|---:|---:|---:|---|",
                "| sequential | 10.10 s | 1.00 | 100 % | 0 | - | - |  |",
            ]
        );
        assert_eq!(table[6], "| pool of 8 | - | - | - | - | - | - | no |");
    }

    #[test]
    fn nothing_a_terminal_obeys_comes_through() {
        let mut report = report();
        report.title = "a\u{1b}[2J\u{202e}".to_owned();
        report.rows[4].refused = Some("b\u{1b}]0;x\u{7}".to_owned());
        for text in [table(&report, ascii()), markdown(&report)] {
            assert!(!text.chars().any(|char| char.is_control() && char != '\n' || char == '\u{202e}'), "{text:?}");
        }
    }
}
