//! Any text as a scenario: refused with an error that can be shown, or a plan whose tasks can be made.
//! It does not run anything.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pooltop::notation::Language;
use pooltop::scenario::{Colours, Origin, parse};

fuzz_target!(|source: &str| {
    for language in [Language::English, Language::Chinese] {
        let origin = Origin { path: "fuzz.toml", name: "fuzz", folder: Some(Path::new("/")) };
        match parse(source, origin, Some(7), language) {
            Ok(plan) => assert!(plan.tasks().take(1_000).count() <= 1_000),
            Err(error) => {
                let told = error.render(Colours::Never);
                assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told:?}");
            }
        }
    }
});
