//! What was asked for in the end: flag before variable before scenario before default.
//! It does not know where a flag came from, nor what a policy leads to.

use std::hash::{BuildHasher as _, Hasher as _};

use crate::cli::Flags;
use crate::event::Policy;
use crate::notation::Language;
use crate::scenario::PolicyOverrides;

/// CPUs this process may use: its affinity and its control group's share counted.
pub(super) fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// A seed nobody chose.
pub(super) fn any_seed() -> u64 {
    // The standard library seeds its hash maps from the system; that is random enough to pick a demo's numbers. Short,
    // because people type it again.
    std::collections::hash_map::RandomState::new().build_hasher().finish() % 100_000
}

/// In which language a scenario is told: as the flag says, else as the locale does.
pub(super) fn language(flags: &Flags) -> Language {
    let locale = || {
        let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(std::env::var_os);
        // An empty variable is as good as none, as for every program that has a locale.
        let locale = variables.into_iter().find(|locale| !locale.is_empty());
        locale.map(|locale| Language::of_locale(&locale.to_string_lossy())).unwrap_or_default()
    };
    flags.lang.unwrap_or_else(locale)
}

/// The policy of a run.
pub(super) fn policy(flags: &Flags, scenario: &PolicyOverrides, seed: u64) -> Policy {
    let default = Policy::default();
    Policy {
        retries: flags.retries.or(scenario.retries).unwrap_or(default.retries),
        loss_retries: default.loss_retries,
        backoff_ms: flags.backoff.or(scenario.backoff_ms).unwrap_or(default.backoff_ms),
        timeout_ms: flags.timeout.or(scenario.timeout_ms),
        halt: flags.halt.or(scenario.halt).unwrap_or(default.halt),
        recycle_after: flags.recycle_after.or(scenario.recycle_after),
        grace_ms: flags.grace.or(scenario.grace_ms).unwrap_or(default.grace_ms),
        speed_milli: flags.speed.or(scenario.speed_milli).unwrap_or(default.speed_milli),
        seed,
        stuck: default.stuck,
    }
}
