//! What those who call are told, asked of planner and state together: a made-up world of tasks that call what they like.
//! It does not know processes; every report goes the way a worker's would.

mod calls;
mod random;
mod verdicts;
mod world;
