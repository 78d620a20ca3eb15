//! The `[tutorial]` table of a scenario: what the tutorial measured, so that a comparison can stand beside it. PURE.
//! It does not know what is compared, nor the other tables.

use super::super::fields::{Fields, decimal, wrong_type};
use super::super::plan::TutorialTimes;
use super::super::problem::Problems;

/// No tutorial waits for a day.
const SECONDS_MAX: f64 = 86_400.0;

const KEYS: &[&str] = &["sequential", "process_each", "pool"];

/// The table, if there is one.
pub(super) fn read(top: &Fields<'_, '_>, problems: &mut Problems) -> Option<TutorialTimes> {
    let times = top.table("tutorial", "[tutorial]", KEYS, problems)?;
    Some(TutorialTimes {
        sequential_s: seconds(&times, "sequential", problems),
        process_each_s: seconds(&times, "process_each", problems),
        pool_s: seconds(&times, "pool", problems),
    })
}

fn seconds(times: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<f64> {
    let value = times.get(key)?;
    let Some(number) = decimal(value) else {
        wrong_type(value, key, "a number of seconds such as 9.248", problems);
        return None;
    };
    let seconds = number.parse().ok().filter(|seconds| (0.001..=SECONDS_MAX).contains(seconds));
    if seconds.is_none() {
        problems.add(value.span(), format!("`{key}` is between 0.001 and {SECONDS_MAX} seconds"));
    }
    seconds
}

#[cfg(test)]
mod tests {
    use crate::notation::Language;
    use crate::scenario::{Origin, TutorialTimes, parse};

    fn times(text: &str) -> Result<Option<TutorialTimes>, String> {
        let text = format!("{text}\n[[task]]\nnothing = true\n");
        let plan = parse(&text, Origin { path: "a.toml", name: "a", folder: None }, None, Language::English);
        plan.map(|plan| plan.tutorial).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_tutorial_measured_is_read_in_seconds() {
        let read = times("[tutorial]\npool = 0.401\nprocess_each = 9.248\n").unwrap().unwrap();
        assert_eq!(read, TutorialTimes { sequential_s: None, process_each_s: Some(9.248), pool_s: Some(0.401) });
        assert_eq!(times("").unwrap(), None);
        assert_eq!(times("[tutorial]\nsequential = 19\n").unwrap().unwrap().sequential_s, Some(19.0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (text, hint) in [
            ("pool = \"0.4\"", "seconds such as 9.248"),
            ("pool = 0", "between 0.001"),
            ("pool = -1.5", "between 0.001"),
            ("pool = nan", "between 0.001"),
            ("pools = 1", "has no key `pools`"),
        ] {
            let error = times(&format!("[tutorial]\n{text}\n")).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
