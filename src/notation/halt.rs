//! When to stop early, in the notation of GNU parallel's `--halt`. PURE.
//! It does not know how a run is stopped.

use super::BadNotation;
use crate::event::{Amount, Ended, Halt, Urgency};

const ALLOWED: &str = "never, or now|soon,fail|success|done=N|N%, for instance soon,fail=3 or now,fail=10%";

/// Reads `never`, `now,fail=1`, `soon,done=20%` and the like.
///
/// # Errors
/// When it is nothing of the kind, or the number is out of range.
pub fn halt(text: &str) -> Result<Halt, BadNotation> {
    let text = text.trim();
    if let Some(meant) = shorthand(text) {
        let what = format!("`{text}` is GNU parallel's old notation; write {meant}");
        return Err(BadNotation::new(what));
    }
    let refuse = || BadNotation::new(format!("`{text}` does not say when to halt; allowed is {ALLOWED}"));
    if text == "never" {
        return Ok(Halt::Never);
    }
    let (urgency, why) = text.split_once(',').ok_or_else(refuse)?;
    let (ended, amount) = why.split_once('=').ok_or_else(refuse)?;
    let urgency = match urgency.trim() {
        "now" => Urgency::Now,
        "soon" => Urgency::Soon,
        _ => return Err(refuse()),
    };
    let ended = match ended.trim() {
        "fail" => Ended::Fail,
        "success" => Ended::Success,
        "done" => Ended::Done,
        _ => return Err(refuse()),
    };
    let amount = match amount.trim().strip_suffix('%') {
        Some(percent) => match percent.parse() {
            Ok(percent @ 1..=100) => Amount::Percent(percent),
            _ => return Err(BadNotation::new(format!("`{text}`: a share to halt at is between 1% and 100%"))),
        },
        None => match amount.trim().parse() {
            Ok(0) => return Err(BadNotation::new(format!("`{text}`: a number to halt at is at least 1"))),
            Ok(count) => Amount::Count(count),
            Err(_) => return Err(refuse()),
        },
    };
    Ok(Halt::When { urgency, ended, amount })
}

/// What GNU parallel's numbers stand for.
fn shorthand(text: &str) -> Option<&'static str> {
    Some(match text {
        "0" => "never",
        "1" => "soon,fail=1",
        "2" => "now,fail=1",
        "-1" => "soon,success=1",
        "-2" => "now,success=1",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gnu_parallels_words_are_understood() {
        let when = |urgency, ended, amount| Ok(Halt::When { urgency, ended, amount });
        assert_eq!(halt("never"), Ok(Halt::Never));
        assert_eq!(halt("now,fail=1"), when(Urgency::Now, Ended::Fail, Amount::Count(1)));
        assert_eq!(halt("soon,done=20%"), when(Urgency::Soon, Ended::Done, Amount::Percent(20)));
        assert_eq!(halt("soon, success = 3"), when(Urgency::Soon, Ended::Success, Amount::Count(3)));
        assert_eq!(halt("now,fail=100%"), when(Urgency::Now, Ended::Fail, Amount::Percent(100)));
    }

    #[test]
    fn everything_else_says_what_is_allowed() {
        for text in ["", "now", "soon,fail", "later,fail=1", "now,failed=1", "now,fail=x", "now,fail=-1", "now;fail=1"]
        {
            assert!(halt(text).unwrap_err().to_string().contains("soon,fail=3"), "{text}");
        }
        assert!(halt("now,fail=0").unwrap_err().to_string().contains("at least 1"));
        for text in ["now,fail=0%", "now,fail=101%", "now,fail=1000%"] {
            assert!(halt(text).unwrap_err().to_string().contains("between 1% and 100%"), "{text}");
        }
        assert!(halt("2").unwrap_err().to_string().contains("write now,fail=1"));
    }
}
