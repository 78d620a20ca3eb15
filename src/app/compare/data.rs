//! A comparison for programs: one object in JSON, or a line for each row in CSV. PURE.
//! It does not round anything: that is for people.

use std::fmt::Write as _;

use serde::Serialize;

use super::figures::{Entrant, Machine, Measured, Report, Row};

#[derive(Serialize)]
struct Whole<'a> {
    machine: MachineData<'a>,
    scenario: Scenario<'a>,
    seed: u64,
    speed: f64,
    repeat: u32,
    rounds: Vec<Round>,
    rows: Vec<RowData>,
}

#[derive(Serialize)]
struct MachineData<'a> {
    cpus: u32,
    os: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Scenario<'a> {
    name: &'a str,
    title: &'a str,
    tasks: Option<u32>,
    /// Those of them that a strategy decides over.
    free_tasks: Option<u32>,
}

/// One run, in the order they were made.
#[derive(Serialize)]
struct Round {
    strategy: &'static str,
    workers: Option<u32>,
    outcome: &'static str,
    total_s: f64,
    tasks: u32,
    processes: u32,
    start_up_s: f64,
    lived_s: f64,
    peak_rss_bytes: Option<u64>,
}

#[derive(Serialize)]
struct RowData {
    strategy: &'static str,
    workers: Option<u32>,
    outcome: &'static str,
    total_s: Option<f64>,
    total_s_min: Option<f64>,
    total_s_max: Option<f64>,
    scenario_s: Option<f64>,
    speed_up: Option<f64>,
    efficiency: Option<f64>,
    processes: Option<u32>,
    start_up_share: Option<f64>,
    peak_rss_bytes: Option<u64>,
    ratio: Option<f64>,
    tutorial_s: Option<f64>,
    tutorial_ratio: Option<f64>,
    note: Option<String>,
}

/// One object in a line.
pub(super) fn json(report: &Report) -> serde_json::Result<String> {
    let Machine { cpus, os, version } = &report.machine;
    let runs = report.order.iter().filter_map(|&(row, run)| {
        let row = report.rows.get(row)?;
        Some(round(row.entrant, row.runs.get(run)?))
    });
    let whole = Whole {
        machine: MachineData { cpus: *cpus, os, version },
        scenario: Scenario {
            name: &report.name,
            title: &report.title,
            tasks: report.tasks(),
            free_tasks: report.free_tasks(),
        },
        seed: report.seed,
        speed: report.speed(),
        repeat: report.repeat,
        rounds: runs.collect(),
        rows: report.rows.iter().map(|row| row_data(report, row)).collect(),
    };
    Ok(serde_json::to_string(&whole)? + "\n")
}

/// A heading and a line for each row.
pub(super) fn csv(report: &Report) -> String {
    let mut text = "strategy,workers,outcome,total_s,total_s_min,total_s_max,scenario_s,speed_up,efficiency,processes,\
                    start_up_share,peak_rss_bytes,ratio,tutorial_s,tutorial_ratio,note\n"
        .to_owned();
    for row in &report.rows {
        let row = row_data(report, row);
        let float = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
        let whole = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let cells = [
            row.strategy.to_owned(),
            whole(row.workers.map(u64::from)),
            row.outcome.to_owned(),
            float(row.total_s),
            float(row.total_s_min),
            float(row.total_s_max),
            float(row.scenario_s),
            float(row.speed_up),
            float(row.efficiency),
            whole(row.processes.map(u64::from)),
            float(row.start_up_share),
            whole(row.peak_rss_bytes),
            float(row.ratio),
            float(row.tutorial_s),
            float(row.tutorial_ratio),
            quoted(&row.note.unwrap_or_default()),
        ];
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

fn workers(entrant: Entrant) -> Option<u32> {
    match entrant {
        Entrant::Pool(size) => Some(size),
        Entrant::Sequential | Entrant::ProcessEach => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
fn round(entrant: Entrant, run: &Measured) -> Round {
    Round {
        strategy: entrant.word(),
        workers: workers(entrant),
        outcome: run.fate.word(),
        total_s: run.total_s(),
        tasks: run.tasks,
        processes: run.processes,
        start_up_s: run.start_up_us as f64 / 1e6,
        lived_s: run.lived_us as f64 / 1e6,
        peak_rss_bytes: run.peak_rss_bytes,
    }
}

fn row_data(report: &Report, row: &Row) -> RowData {
    let time = row.time();
    RowData {
        strategy: row.entrant.word(),
        workers: workers(row.entrant),
        outcome: row.outcome(),
        total_s: time.map(|time| time.median),
        total_s_min: time.map(|time| time.least),
        total_s_max: time.map(|time| time.most),
        scenario_s: time.map(|time| time.median * report.speed()),
        speed_up: report.speed_up(row),
        efficiency: report.efficiency(row),
        processes: row.processes(),
        start_up_share: row.start_up_share(),
        peak_rss_bytes: row.peak_rss_bytes(),
        ratio: report.ratio(row),
        tutorial_s: report.tutorial_s(row),
        tutorial_ratio: report.tutorial_ratio(row),
        note: row.note(),
    }
}

/// A cell that may hold anything.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::report;
    use super::*;

    #[test]
    fn json_holds_every_run_and_every_row() {
        let value: serde_json::Value = serde_json::from_str(&json(&report()).unwrap()).unwrap();
        assert_eq!(value["machine"], serde_json::json!({ "cpus": 2, "os": "Linux 6.18", "version": "0.1.0" }));
        let scenario = serde_json::json!({ "name": "five", "title": "five|任务, \"two\" seconds", "tasks": 5,
            "free_tasks": 5 });
        assert_eq!(
            (&value["scenario"], value["seed"].as_u64(), value["speed"].as_f64()),
            (&scenario, Some(7), Some(1.0))
        );
        let rounds = value["rounds"].as_array().unwrap();
        assert_eq!(rounds.len(), 4);
        assert_eq!(
            rounds[3],
            serde_json::json!({ "strategy": "pool", "workers": 4, "outcome": "failed", "total_s": 4.0, "tasks": 5,
                "processes": 4, "start_up_s": 0.08, "lived_s": 16.0, "peak_rss_bytes": 14_000_000 })
        );
        let rows = value["rows"].as_array().unwrap();
        assert_eq!(
            (rows.len(), rows[0]["total_s_max"].as_f64(), rows[1]["speed_up"].as_f64()),
            (5, Some(10.2), Some(5.0))
        );
        assert_eq!((&rows[4]["outcome"], rows[4]["total_s"].is_null()), (&serde_json::json!("refused"), true));
    }

    #[test]
    fn csv_has_a_heading_and_a_line_for_each_row() {
        let mut report = report();
        report.rows[4].refused = Some("1,500 \"processes\"".to_owned());
        let text = csv(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[1], "sequential,,done,10.100000,10.000000,10.200000,10.100000,1.000000,1.000000,0,,,,,,");
        assert_eq!(lines[5], "pool,8,refused,,,,,,,,,,,,,\"1,500 \"\"processes\"\"\"");
        let columns = lines[0].split(',').count();
        assert!(lines[..5].iter().all(|line| line.split(',').count() == columns), "{text}");
    }
}
