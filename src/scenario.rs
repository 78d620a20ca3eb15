//! Scenarios: a TOML text becomes a [`Plan`] of tasks, copies and timed commands, or an error with line, caret and suggestion.
//! It does not know how a plan is carried out; apart from reading the file and making small trees it is pure.
//!
//! # The grammar
//! A scenario is a TOML file of at most 1 MiB. This one uses most of what there is:
//! ```toml
//! title   = "thumbnails"                  # shown above the run; without it, the file's name
//! summary = "a pool that grows"           # one line for a list of scenarios
//! retries = 2                             # how often a failed task is tried again (0..=1000)
//! backoff = "250ms"                       # the wait before the second attempt; doubles from then on
//! timeout = "30s"                         # how long one attempt may run
//! halt    = "soon,fail=10%"               # when to stop early, in GNU parallel's notation
//! recycle_after = 100                     # a worker is replaced after so many tasks
//! grace   = "2s"                          # between TERM and KILL
//! seed    = 7                             # decides every random choice; 0 if nobody says
//! speed   = 1.0                           # how many times faster sleeps and downloads go (0.01..=1000)
//!
//! [pool]
//! size = 4                                # 1..=1024, or "cpus", "+2", "-1", "50%" (of the CPUs); default "cpus"
//!
//! [[task]]                                # any number of these, run in this order
//! repeat = 10                             # stands for ten tasks; all entries together for at most 10,000,000
//! name   = "img_{n:04}.png"               # {n} counts from 1, {i} from 0, {n:04} pads with zeros, {n:4} with spaces, {{ is a brace
//! sleep  = "0s..3s"                       # its work: exactly one of the kinds below
//! whole  = true                           # draw whole seconds (sleeps and downloads)
//!
//! [[at]]                                  # any number of these: at that time one of
//! time   = "3s"                           # resize = 8 | "+2" | "-1", pause, resume, drain, stop = true, note = "text"
//! resize = 8
//! ```
//! The kinds of work:
//! ```toml
//! nothing  = true                         # done at once: measures the pool itself
//! sleep    = "2s"                         # a duration, or a span such as "0s..3s", both ends included
//! download = { size = "5 MB..80 MB", time = "5s..10s", fail = "10%", stall = "5%" }
//!                                         # simulated; without `time` whole seconds from 5 to 10; a share of the
//!                                         # attempts breaks off (`fail`) or goes silent until a timeout (`stall`)
//! run      = ["convert", "{}.png", "{}.jpg"]  # a program with its arguments; {} is the repetition's number from 1, and
//!                                         # {.}, {/}, {//}, {/.}, {#}, {%} work beside it as in `pooltop run`
//! shell    = "sleep {}; echo done"        # a line for `sh -c`
//! copy     = { from = "photos", to = "backup", verify = true }     # real files, one task each; relative to the scenario's folder
//! copy     = { tree = { files = 200, folders = 8, size = "4 kB..2 MB" } }   # of a tree made for the run and removed with its copy
//! ```
//! `repeat`, `name` and `whole` are not for copies. Times in `[[at]]`, sleeps and downloads are scenario time: `--speed` shortens
//! them alike; timeouts, back-off and grace are real time. Durations, sizes, shares and pool sizes are written as
//! [`crate::notation`] says. A flag goes before its `POOLTOP_*` variable, that before the scenario, that before the default.
//!
//! Random choices repeat: each task draws from a stream made of the seed, the place of its `[[task]]` in the file and the number
//! of the repetition. Entries added at the end, and a changed `repeat`, leave all other tasks as they were.

mod builtin;
mod draw;
mod entry;
mod expression;
mod fields;
mod grammar;
mod load;
mod plan;
mod problem;
mod suggest;
mod tree;
mod verbs;

pub use builtin::{BUILTINS, Builtin, DEFAULT, builtin};
pub use grammar::{Origin, parse};
pub use load::{FILE_BYTES_MAX, load};
pub use plan::{CopyJob, CopyWhat, LauncherSpec, Plan, PolicyOverrides, Tasks, Timed, TreeSpec};
pub use problem::{Colours, Invalid, ScenarioError};
pub use tree::make_tree;
