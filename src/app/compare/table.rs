//! A comparison for people: a table with bars, and one in Markdown. PURE. Every text is made harmless here.
//! It does not know how the figures came about.

use std::fmt::Write as _;

use super::figures::{Report, Row};
use crate::text::{sanitized, width};
use crate::tui::compare::{bar, factor, time};
use crate::tui::theme::Glyphs;

/// How long the longest bar is.
const BAR_COLUMNS: u16 = 30;

/// Where there is room for less than that, bars say nothing.
const BAR_COLUMNS_MIN: u16 = 8;

/// A longer note stands below the table.
const NOTE_COLUMNS_MAX: usize = 40;

/// What stands where there is nothing to say.
const NOTHING: &str = "-";

const HEADINGS: [&str; 7] = ["strategy", "time", "speed-up", "efficiency", "processes", "start-up", "memory"];

/// Where the tutorial has figures.
const TUTORIAL_HEADINGS: [&str; 3] = ["ratio", "tutorial", "its ratio"];

/// The table, with what it is about above it. `room`: the terminal's columns, if it goes to one.
pub(super) fn table(report: &Report, glyphs: &Glyphs, room: Option<u16>) -> String {
    let mut text = head(report).into_iter().fold(String::new(), |text, line| text + &line + "\n");
    text.push('\n');
    let headings = headings(report);
    let rows: Vec<Vec<String>> = report.rows.iter().map(|row| cells(report, row)).collect();
    let columns: Vec<usize> = (0..headings.len())
        .map(|at| rows.iter().map(|row| width(&row[at])).chain([headings[at].len()]).max().unwrap_or(0))
        .collect();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    push(&mut text, &headings, &columns, "");
    let mut below: Vec<String> = Vec::new();
    let notes: Vec<String> = report.rows.iter().map(|row| short_note(row, &mut below)).collect();
    let longest_note = notes.iter().map(|note| width(note)).max().unwrap_or(0);
    let used = columns.iter().map(|columns| columns + 2).sum::<usize>() + longest_note + 1;
    let left = room.map(|room| room.saturating_sub(u16::try_from(used).unwrap_or(u16::MAX)));
    let bars = left.unwrap_or(BAR_COLUMNS).min(BAR_COLUMNS);
    for ((row, cells), note) in report.rows.iter().zip(&rows).zip(&notes) {
        let share = row.time().zip(report.longest()).map(|(time, longest)| time.median / longest);
        let bar = share.filter(|_| bars >= BAR_COLUMNS_MIN).map(|share| bar(share, bars, glyphs)).unwrap_or_default();
        push(&mut text, cells, &columns, format!("{bar} {note}").trim());
    }
    for line in below.into_iter().chain(foot(report)) {
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
        let _ = write!(text, "\n{}\n", escaped(&line));
    }
    text
}

/// The note if it is short, else a word and the number of the note, which stands below; the same note has the same number.
fn short_note(row: &Row, below: &mut Vec<String>) -> String {
    let note = row.note().map(|note| sanitized(&note).into_owned()).unwrap_or_default();
    if width(&note) <= NOTE_COLUMNS_MAX {
        return note;
    }
    let at = below.iter().position(|other| other.ends_with(&format!(") {note}"))).unwrap_or_else(|| {
        below.push(format!("({}) {note}", below.len() + 1));
        below.len() - 1
    });
    format!("{} ({})", row.outcome(), at + 1)
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

/// What the rows do not show: how much of it a strategy can change, where it ran, and the tutorial's ratios beside ours.
fn foot(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let (tasks, free) = (report.tasks().unwrap_or(0), report.free_tasks());
    match free.filter(|free| *free < tasks) {
        Some(0) => lines.push(
            "The scenario says of every task where it runs, so all strategies did the same; what differs is chance."
                .to_owned(),
        ),
        Some(free) => {
            let fixed = tasks - free;
            let (tasks, run) = if fixed == 1 { ("task", "runs") } else { ("tasks", "run") };
            lines.push(format!("{fixed} {tasks} {run} where the scenario says, whatever the strategy."));
        }
        None => {}
    }
    if let Some(launcher) = &report.launcher {
        let launcher = sanitized(launcher);
        lines.push(format!("Only the pools' workers were started through {launcher}; all others ran on this machine."));
    }
    lines.extend(ratios(report));
    lines
}

fn ratios(report: &Report) -> Vec<String> {
    let Some(base) = report.base() else { return Vec::new() };
    let others = report.rows.iter().filter(|row| row.entrant != base.entrant);
    let compared = others.filter_map(|row| {
        let (theirs, ours) = (report.tutorial_ratio(row)?, report.ratio(row)?);
        let times = |of: fn(&Report, &Row) -> Option<f64>| Some((time(of(report, row)?), time(of(report, base)?)));
        let (entrant, other) = (row.entrant, base.entrant);
        let (their, their_base) = times(Report::tutorial_s)?;
        let (our, our_base) = times(|_, row| Some(row.time()?.median))?;
        Some(format!(
            "In the tutorial {entrant} took {theirs:.1} times as long as {other} ({their} to {their_base}); here \
             {ours:.1} times ({our} to {our_base})."
        ))
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
        or_nothing(report.speed_up(row).map(factor)),
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
pool of 2     6.030 s      1.67        84 %          2     0.3 %   7.0 MB  ################## stuck (1)
pool of 4     4.040 s      2.50        62 %          4     0.5 %  14.0 MB  ############ 1 of 5 failed (in 1 of 3 runs)
pool of 8           -         -           -          -         -        -  no

(1) stuck: task 1 waits for queue q (in 1 of 3 runs)
";
        assert_eq!(table(&report(), ascii(), None), expected);
    }

    #[test]
    fn bars_are_as_long_as_the_terminal_has_room_for() {
        let lines = |columns| {
            let text = table(&report(), ascii(), Some(columns));
            text.lines().skip(4).take(6).map(str::to_owned).collect::<Vec<_>>()
        };
        for columns in 110..140 {
            assert!(lines(columns).iter().all(|line| line.len() <= columns.into()), "{:#?}", lines(columns));
        }
        assert!(lines(130)[1].ends_with("  ########################"), "{}", lines(130)[1]);
        assert!(lines(80)[1].ends_with(" -"), "{}", lines(80)[1]);
        assert_eq!(lines(300), table(&report(), ascii(), None).lines().skip(4).take(6).collect::<Vec<_>>());
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

strategy          time  speed-up  efficiency  processes  start-up    memory  ratio  tutorial  its ratio
sequential    0.0040 s      1.00           -          0         -         -   0.3x         -          -  #
process each   0.150 s     0.027           -        100    13.3 %  350.0 MB  12.5x   9.248 s      23.1x  ##############################
pool of 4     0.0120 s      0.33           -          4   166.7 %   14.0 MB   1.0x   0.401 s       1.0x  ##

In the tutorial process each took 23.1 times as long as pool of 4 (9.248 s to 0.401 s); here 12.5 times (0.150 s to 0.0120 s).
";
        assert_eq!(table(&report, ascii(), None), expected);
    }

    #[test]
    fn what_no_strategy_decides_is_told_below() {
        let mut report = report();
        let last = |report: &Report| table(report, ascii(), None).lines().last().unwrap_or_default().to_owned();
        let pooled = |report: &mut Report, pooled| {
            report.rows.iter_mut().flat_map(|row| &mut row.runs).for_each(|run| run.pooled = pooled);
        };
        pooled(&mut report, 3);
        assert_eq!(last(&report), "2 tasks run where the scenario says, whatever the strategy.");
        pooled(&mut report, 0);
        assert!(last(&report).starts_with("The scenario says of every task where it runs"), "{}", last(&report));
        report.launcher = Some("ssh\u{1b}[2J host".to_owned());
        assert!(last(&report).starts_with("Only the pools' workers were started through ssh"), "{}", last(&report));
        assert!(!last(&report).contains('\u{1b}'));
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
        for text in [table(&report, ascii(), None), markdown(&report)] {
            assert!(!text.chars().any(|char| char.is_control() && char != '\n' || char == '\u{202e}'), "{text:?}");
        }
    }
}
