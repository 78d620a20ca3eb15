//! What copies of a state take in memory: keyframes of a long run. `cargo bench --bench kept`; read its "max alloc".
//! It does not know how a replay finds its way between them.

mod mixed;

use divan::{AllocProfiler, Bencher};
use pooltop::model::State;

#[global_allocator]
static ALLOCATED: AllocProfiler = AllocProfiler::system();

/// How many tasks make about a million events.
const TASKS: u32 = 280_000;

fn main() {
    divan::main();
}

/// So many copies are kept, evenly over the run. With none: what the state itself takes.
#[divan::bench(args = [0, 32], sample_count = 1, sample_size = 1)]
fn keyframes_of_a_million_events(bencher: Bencher<'_, '_>, copies: usize) {
    let events = mixed::events(TASKS);
    let apart = events.len() / copies.max(1) + usize::from(copies == 0);
    bencher.bench_local(|| {
        let (mut state, mut kept) = (State::new(), Vec::new());
        for (number, event) in events.iter().enumerate() {
            if number % apart == apart - 1 {
                kept.push(state.clone());
            }
            state.apply(event).expect("a legal history");
        }
        (state, kept)
    });
}
