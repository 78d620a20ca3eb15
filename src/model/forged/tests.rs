//! No record harms a state, however it came about: what cannot have been is refused and changes nothing, and everything else is
//! taken in without a contradiction.
//! `FORGED=100000 cargo test --release --lib model::forged` makes up so many records instead of a few.

use super::Forger;
use crate::event::Event;
use crate::model::{IllegalEvent, State, Status};
use crate::task::Place;

/// How many records are made up.
fn seeds() -> std::ops::Range<u64> {
    let first = std::env::var("FORGED_FROM").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let count = std::env::var("FORGED").ok().and_then(|count| count.parse().ok()).unwrap_or(60);
    first..first + count
}

/// What must hold in every state.
fn is_sound(state: &State) {
    let counts = &state.counts;
    assert_eq!(counts.total() as usize, state.tasks.len());
    let held: usize = state.workers.iter().map(|worker| worker.in_flight.len()).sum();
    assert_eq!(held, counts.in_flight() as usize);
    let with =
        |status| (0_u32..).zip(&state.tasks).filter(move |(_, task)| task.status == status).map(|(number, _)| number);
    for status in Status::ALL {
        assert_eq!(with(status).count(), counts.of(status) as usize, "{status:?}");
    }
    let mut waiting: Vec<u32> = state.queue.iter().map(|task| task.0).collect();
    waiting.sort_unstable();
    assert!(waiting.into_iter().eq(with(Status::Waiting)));
    let mut delayed: Vec<u32> = state.queue.delayed().map(|task| task.0).collect();
    delayed.sort_unstable();
    assert!(delayed.into_iter().eq(with(Status::Delayed)));
    for (line, status) in [(&state.undecided, Status::Undecided), (&state.failed, Status::Failed)] {
        let mut line: Vec<u32> = line.iter().map(|task| task.0).collect();
        line.sort_unstable();
        assert!(line.into_iter().eq(with(status)), "{status:?}");
    }
    for place in [Place::Pool, Place::Own, Place::Parent, Place::Main] {
        let unfinished = state.tasks.iter().filter(|task| task.spec.place == place && !task.status.is_final()).count();
        assert_eq!(
            (state.queue.unfinished(place) as usize, state.queue.count(place)),
            (unfinished, state.queue.waiting(place).count())
        );
    }
    for task in &state.tasks {
        if task.status.is_in_flight() {
            assert!(task.worker.and_then(|worker| state.workers.get(worker)).is_some());
        }
    }
}

/// Everything that is asked of a state.
fn is_asked(state: &State) {
    let progress = state.progress();
    assert!((0.0..=1.0).contains(&progress.share), "{progress:?}");
    assert!(state.rate().tasks_per_s.is_finite() && state.rate().bytes_per_s.is_finite());
    assert!(state.exit_code() < 5);
    let _ = (state.advice(), state.best_size(), state.judged(), state.next_word());
    let _ = (state.active(), state.when_active(state.active()), state.wanted(), state.is_all_said());
    for number in 0..u32::try_from(state.tasks.len()).unwrap() {
        let task = crate::task::TaskId(number);
        assert!(state.task_share(task).is_none_or(|share| (0.0..=1.0).contains(&share)));
        let _ = (state.blocked(task), state.failure(task), state.tails.get(task).map(super::super::Tail::lines));
    }
}

fn nothing_changed(before: &State, after: &State, event: &Event, illegal: &IllegalEvent) {
    assert!(before == after, "{illegal} changed something: {event:?}");
    assert!(illegal.to_string().len() < 10_000);
}

fn taken_in(events: &[Event]) -> (State, usize) {
    let (mut state, mut taken) = (State::new(), 0);
    for event in events {
        let before = state.clone();
        match state.apply(event) {
            Ok(()) => taken += 1,
            Err(illegal) => nothing_changed(&before, &state, event, &illegal),
        }
    }
    (state, taken)
}

#[test]
fn what_is_made_up_does_no_harm() {
    let (mut all, mut ended) = (0, 0);
    for seed in seeds() {
        let (record, state) = Forger::new(seed).run(400, nothing_changed);
        is_sound(&state);
        is_asked(&state);
        all += record.len();
        ended += state.counts.ended() as usize;
        assert!(taken_in(&record).0 == state, "seed {seed}: the same events lead to the same state");
    }
    println!("{all} events taken in, {ended} tasks ended");
    let records = usize::try_from(seeds().end - seeds().start).unwrap();
    assert!(all > records * 100 && ended > records, "most of what is made up is refused: {all}, {ended}");
}

#[test]
fn what_is_altered_does_no_harm() {
    let (mut all, mut read) = (0, 0);
    for seed in seeds() {
        let mut forger = Forger::new(seed);
        let (record, _) = forger.run(150, |_, _, _, _| {});
        let alterations = 1 + forger.small(12);
        let altered = forger.altered(&record, alterations);
        read += altered.len();
        let (state, taken) = taken_in(&altered);
        is_sound(&state);
        is_asked(&state);
        all += taken;
    }
    println!("{all} of {read} events taken in");
    assert!(all > read / 2, "most of what is altered is refused: {all} of {read}");
}
