//! Tests of the figures, and made-up ones for the tests of their printing.
//! It does not know real runs.

use super::*;

pub(in crate::app::compare) fn measured(ms: u64, processes: u32) -> Measured {
    let start_up_us = u64::from(processes) * 20_000;
    Measured {
        fate: Fate::Done,
        total_us: ms * 1000,
        tasks: 5,
        pooled: 5,
        processes,
        start_up_us,
        lived_us: ms * 1000 * u64::from(processes),
        peak_rss_bytes: Some(u64::from(processes) * 3_500_000).filter(|bytes| *bytes > 0),
    }
}

pub(in crate::app::compare) fn row(entrant: Entrant, runs: &[Measured]) -> Row {
    Row { runs: runs.to_vec(), ..Row::new(entrant) }
}

/// Five tasks of two seconds, with everything that can happen to a row.
pub(in crate::app::compare) fn report() -> Report {
    let stuck = Measured { fate: Fate::Stuck("task 1 waits for queue q".to_owned()), ..measured(900, 2) };
    let failed = Measured { fate: Fate::Failed("1 of 5 failed".to_owned()), ..measured(4000, 4) };
    let rows = vec![
        row(Entrant::Sequential, &[measured(10_000, 0), measured(10_200, 0), measured(10_100, 0)]),
        row(Entrant::ProcessEach, &[measured(2200, 5), measured(2000, 5), measured(2020, 5)]),
        row(Entrant::Pool(2), &[measured(6000, 2), stuck, measured(6060, 2)]),
        row(Entrant::Pool(4), &[failed, measured(4040, 4), measured(4050, 4)]),
        Row { refused: Some("no".to_owned()), ..Row::new(Entrant::Pool(8)) },
    ];
    let machine = Machine { cpus: 2, os: "Linux 6.18".to_owned(), version: "0.1.0" };
    Report {
        name: "five".to_owned(),
        title: "five|任务, \"two\" seconds".to_owned(),
        machine,
        seed: 7,
        speed_milli: 1000,
        repeat: 3,
        own: 4,
        tutorial: None,
        launcher: None,
        rows,
        order: vec![(0, 0), (1, 0), (2, 0), (3, 0)],
    }
}

fn close(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 1e-9)
}

#[test]
fn speed_up_and_efficiency_are_of_medians() {
    let report = report();
    let rows = &report.rows;
    assert_eq!(rows[0].time(), Some(Spread { median: 10.1, least: 10.0, most: 10.2 }));
    assert!(close(report.speed_up(&rows[0]), 1.0) && close(report.efficiency(&rows[0]), 1.0));
    assert!(close(report.speed_up(&rows[1]), 5.0) && close(report.efficiency(&rows[1]), 1.0));
    assert!(close(report.speed_up(&rows[3]), 2.5) && close(report.efficiency(&rows[3]), 0.625));
    assert_eq!(report.speed_up(&rows[4]), None);
}

#[test]
fn a_run_that_got_stuck_has_no_time_and_one_that_failed_has() {
    let report = report();
    assert!(close(report.rows[2].time().map(|time| time.median), 6.03));
    assert_eq!(report.rows[2].note().as_deref(), Some("stuck: task 1 waits for queue q (in 1 of 3 runs)"));
    assert!(close(report.rows[3].time().map(|time| time.least), 4.0));
    assert_eq!(report.rows[3].note().as_deref(), Some("1 of 5 failed (in 1 of 3 runs)"));
    let outcomes: Vec<&str> = report.rows.iter().map(Row::outcome).collect();
    assert_eq!(outcomes, ["done", "done", "stuck", "failed", "refused"]);
    assert!(!report.is_complete());
}

#[test]
fn starting_is_a_share_of_all_processes_time() {
    // Five processes, 20 ms each, of five times 2.02 s.
    assert!(close(report().rows[1].start_up_share(), 0.02 / 2.02));
    assert_eq!(report().rows[0].start_up_share(), None);
    // What they were there for counts, not how long the run took.
    let short = Measured { lived_us: 200_000, ..measured(9000, 5) };
    assert!(close(row(Entrant::ProcessEach, &[short]).start_up_share(), 0.5));
}

#[test]
fn efficiency_is_told_only_where_it_tells_something() {
    let mut report = report();
    let pooled = |report: &mut Report, pooled| {
        report.rows.iter_mut().flat_map(|row| &mut row.runs).for_each(|run| run.pooled = pooled);
    };
    // Three of the five run where the scenario says: a process each for two.
    pooled(&mut report, 2);
    assert!(close(report.efficiency(&report.rows[1]), 2.5) && close(report.efficiency(&report.rows[3]), 0.625));
    pooled(&mut report, 0);
    assert_eq!((report.free_tasks(), report.efficiency(&report.rows[3])), (Some(0), None));
    pooled(&mut report, 5);
    report.rows[3] = row(Entrant::Pool(4), &[measured(99, 4)]);
    assert_eq!(report.efficiency(&report.rows[3]), None, "too short");
    report.rows[0] = row(Entrant::Sequential, &[measured(4, 0)]);
    assert_eq!(report.efficiency(&report.rows[1]), None, "nothing to gain");
}

#[test]
fn the_tutorials_ratios_stand_beside_ours() {
    let mut report = report();
    assert!(report.base().is_none());
    report.tutorial = Some(TutorialTimes { sequential_s: None, process_each_s: Some(9.248), pool_s: Some(0.401) });
    let rows = &report.rows;
    assert_eq!(report.base().map(|row| row.entrant), Some(Entrant::Pool(4)));
    assert!(close(report.tutorial_ratio(&rows[1]), 9.248 / 0.401) && close(report.ratio(&rows[1]), 0.5));
    assert_eq!((report.tutorial_s(&rows[2]), report.tutorial_ratio(&rows[0])), (None, None));
}

#[test]
fn the_median_of_two_lies_between_them() {
    assert_eq!((median(vec![]), median(vec![3.0]), median(vec![4.0, 1.0])), (None, Some(3.0), Some(2.5)));
}
