//! Tests on real processes and real terminals, in one program, for it links once and its parts share the harness.
//! It does not know pooltop's insides: what it drives is the built binary. What a single file can show is tested in that file.

mod common;
mod compare;
mod export;
mod harness;
mod headless;
mod launcher;
mod pool;
mod programs;
mod recording;
mod replay;
mod resume;
mod scenarios;
mod screen;
mod storm;
mod surroundings;
mod tuner;
