//! The simulated histories: which there are, and what must be true at the end of each.
//! It does not know how the world works.

use proptest::prelude::*;

use super::{Program, Shape, TURNS_MAX, World};
use crate::command::Command;
use crate::event::{self, Phase};
use crate::model::{Status, Task};
use crate::task::{Place, TaskId};

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    (
        any::<u64>(),
        0..120_u32,
        0..9_u32,
        prop_oneof![Just(0), 1..30_u64],
        prop_oneof![Just(0), 1..300_u64],
        prop_oneof![Just(0), 1..200_u64],
        0..3_u32,
        prop_oneof![Just(None), (1..30_u64).prop_map(Some)],
        prop_oneof![Just(None), (1..6_u32).prop_map(Some)],
        prop_oneof![Just(10), Just(1000), Just(30_000_u64)],
        (strategy(), program()),
    )
        .prop_map(
            |(
                seed,
                tasks,
                workers,
                kill,
                fail,
                command,
                retries,
                timeout_ms,
                recycle_after,
                task_us_max,
                (strategy, program),
            )| Shape {
                seed,
                tasks,
                workers,
                kill_per_mille: kill,
                fail_per_mille: fail,
                command_per_mille: command,
                retries,
                timeout_ms,
                recycle_after,
                task_us_max,
                strategy,
                program,
                sync_per_mille: None,
            },
        )
}

fn strategy() -> impl Strategy<Value = event::Strategy> {
    prop_oneof![
        4 => Just(event::Strategy::Pool),
        1 => Just(event::Strategy::ProcessEach),
        1 => Just(event::Strategy::Sequential),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    prop_oneof![
        4 => Just(Program::None),
        1 => Just(Program::Waits),
        1 => Just(Program::Closes),
        1 => Just(Program::Terminates),
        1 => Just(Program::Forgets),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(100), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, the run ends, and every task has ended at most once.
    #[test]
    fn every_history_ends_and_every_task_ends_once(shape in shape()) {
        let mut world = World::new(shape.clone());
        world.run();
        let state = &world.state;
        prop_assert!(state.workers.is_empty());
        if !state.unplanned.given_up {
            prop_assert_eq!(state.counts.ended() as usize, state.tasks.len(), "{:?}", state.counts);
        }
        if shape.program == Program::None {
            prop_assert_eq!(state.tasks.len(), shape.tasks as usize);
        }
    }

    /// A history without deaths, failures and commands does everything exactly once, in the order of stages.
    #[test]
    fn an_undisturbed_history_does_everything(
        seed in any::<u64>(),
        tasks in 0..200_u32,
        workers in 1..9_u32,
        strategy in strategy(),
        program in program(),
    ) {
        let program = if program == Program::Forgets || program == Program::Terminates { Program::Waits } else { program };
        let calm = Shape {
            strategy, program,
            seed, tasks, workers,
            kill_per_mille: 0, fail_per_mille: 0, command_per_mille: 0, retries: 0,
            timeout_ms: None, recycle_after: None, task_us_max: 500, sync_per_mille: None,
        };
        let mut world = World::new(calm);
        world.run();
        prop_assert_eq!(world.state.count(Status::Done), tasks + u32::from(program != Program::None));
        prop_assert!(world.starts.values().all(|&starts| starts == 1));
        prop_assert_eq!(world.state.exit_code(), 0);
    }

    /// A pool that its program forgot or terminated is gone, with what it had not done, and only the first is a failing.
    #[test]
    fn a_pool_ends_with_its_program(seed in any::<u64>(), tasks in 1..200_u32, workers in 1..9_u32, forgets in any::<bool>()) {
        let program = if forgets { Program::Forgets } else { Program::Terminates };
        let calm = Shape {
            seed, tasks, workers,
            kill_per_mille: 0, fail_per_mille: 0, command_per_mille: 0, retries: 0,
            timeout_ms: None, recycle_after: None, task_us_max: 500, sync_per_mille: None,
            strategy: event::Strategy::Pool, program,
        };
        let mut world = World::new(calm);
        world.run();
        let state = &world.state;
        let own = |task: &&Task| task.spec.place != Place::Pool;
        prop_assert!(state.tasks.iter().filter(own).all(|task| task.status == Status::Done));
        let done = state.tasks.iter().all(|task| task.status == Status::Done);
        prop_assert!(state.tasks.iter().all(|task| matches!(task.status, Status::Done | Status::Dropped | Status::Interrupted)));
        prop_assert_eq!(state.exit_code(), if done || !forgets { 0 } else { 4 });
    }

    /// The state is nothing but the fold of its events, and says so from any point on.
    #[test]
    fn stopping_leaves_nothing_in_flight(shape in shape(), turns in 1..400_u32) {
        let mut world = World::new(shape);
        for _ in 0..turns {
            world.plan();
            world.now.0 += 50;
            world.act();
        }
        world.command(Command::Stop);
        for _ in 0..TURNS_MAX {
            world.plan();
            if world.state.phase == Phase::Ended {
                break;
            }
            world.now.0 += 500;
            world.act();
        }
        prop_assert_eq!(world.state.phase, Phase::Ended);
        prop_assert_eq!(world.state.counts.in_flight(), 0);
    }

    /// So does draining, also where the parent's program would wait for what does not begin any more.
    #[test]
    fn draining_ends_and_begins_nothing(shape in shape(), turns in 1..400_u32) {
        let mut world = World::new(shape);
        for _ in 0..turns {
            world.plan();
            world.now.0 += 50;
            world.act();
        }
        world.command(Command::ResumePool);
        for task in 0..u32::try_from(world.state.tasks.len()).unwrap() {
            world.command(Command::ResumeTask(TaskId(task)));
        }
        world.command(Command::Drain);
        let starts = world.starts.values().sum::<u32>();
        for _ in 0..TURNS_MAX {
            world.plan();
            if world.state.phase == Phase::Ended {
                break;
            }
            world.now.0 += 500;
            world.act();
        }
        prop_assert_eq!(world.state.phase, Phase::Ended);
        prop_assert!(world.starts.values().sum::<u32>() <= starts);
    }
}
