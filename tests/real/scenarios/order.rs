//! What holds in every run, in whatever order and however late things happen: that nobody waits for what is there, and that whoever
//! waits is told so. On a slow machine nothing else is certain. It does not know what any scenario is about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::play::{Played, time_us};

impl Played {
    /// Panics unless every call was answered at once or told to wait, so that whether one waited depends on nothing but what
    /// was there when it came. For a run that ended by itself.
    #[track_caller]
    pub fn assert_calls_wait_or_go_on(&self) {
        for call in self.calls() {
            let at_once = call.answered_us == Some(call.made_us);
            assert!(call.answered_us.is_some() && at_once != call.blocked, "{call:?}\n{}", self.story());
        }
    }

    /// Panics if a worker of the pool ever had nothing to do while a task waited for one, or if tasks were not given out in the
    /// order in which they came. This holds however late processes start and news arrives. For a pool that loses nobody.
    #[track_caller]
    pub fn assert_nobody_idles(&self) {
        let mut waiting: VecDeque<u64> = VecDeque::new();
        let mut held: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        // Those that take tasks, and those that would if they were heard of.
        let (mut open, mut silent) = (BTreeSet::new(), BTreeSet::new());
        let (mut added, mut last_us) = (0, 0);
        for event in &self.events {
            // Everything that follows from what was heard at one moment bears that moment's time.
            if time_us(event) > last_us {
                last_us = time_us(event);
                let idle = open.iter().find(|worker| held[worker].is_empty());
                assert!(
                    idle.is_none() || waiting.is_empty(),
                    "before {last_us}: {idle:?}, {waiting:?}\n{}",
                    self.story()
                );
            }
            let worker = event["worker"].as_u64().unwrap_or_default();
            match event["event"].as_str().expect("a name") {
                "tasks_added" => {
                    for spec in event["tasks"].as_array().expect("tasks") {
                        if spec["place"] == "pool" {
                            waiting.push_back(added);
                        }
                        added += 1;
                    }
                }
                "worker_starting" if event["role"] == "pool" => assert!(held.insert(worker, BTreeSet::new()).is_none()),
                "worker_ready" if held.contains_key(&worker) => {
                    open.insert(worker);
                }
                "worker_silent" if open.remove(&worker) => {
                    silent.insert(worker);
                }
                "worker_answered" if silent.remove(&worker) => {
                    open.insert(worker);
                }
                "worker_draining" | "worker_dismissed" => {
                    open.remove(&worker);
                    silent.remove(&worker);
                }
                "tasks_dispatched" if held.contains_key(&worker) => {
                    for task in numbers(&event["tasks"]) {
                        assert_eq!(waiting.pop_front(), Some(task), "out of turn\n{}", self.story());
                        held.entry(worker).or_default().insert(task);
                    }
                }
                "tasks_returned" => {
                    for task in numbers(&event["tasks"]).into_iter().rev() {
                        held.entry(worker).or_default().remove(&task);
                        waiting.push_front(task);
                    }
                }
                "attempt_ended" => {
                    let task = event["task"].as_u64().expect("a task");
                    for tasks in held.values_mut() {
                        tasks.remove(&task);
                    }
                }
                // Nothing is given out any more.
                "phase_entered" | "pool_terminated" => return,
                _ => {}
            }
        }
    }
}

/// Panics unless the task, the last of one more than the pool has workers, ran where a worker was free first.
#[track_caller]
pub fn assert_last_goes_to_whoever_is_free(played: &Played, task: &str) {
    played.assert_nobody_idles();
    let (last, others): (Vec<_>, Vec<_>) = played.attempts().into_iter().partition(|one| one.task == task);
    let [last] = &last[..] else { panic!("{last:?}") };
    assert!(others.iter().all(|one| one.handed_us <= last.handed_us), "{last:?} {others:?}");
    let first_end = others.iter().map(|one| one.to_us).min().expect("there are others");
    // Where a process starts late, one of the others has taken the place of the first, and this one may start there.
    if others.iter().all(|one| one.handed_us < first_end) {
        let before = others.iter().find(|one| one.pid == last.pid).map(|one| one.to_us);
        assert_eq!((before, last.handed_us), (Some(first_end), first_end), "{last:?} {others:?}");
    }
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array().expect("a list").iter().map(|number| number.as_u64().expect("a number")).collect()
}
