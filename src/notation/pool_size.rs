//! How many workers, as make, xargs and GNU parallel write it: a number, or one relative to the CPUs. PURE.
//! It does not know how many CPUs there are until it is told.

use std::str::FromStr;

use super::BadNotation;
use crate::command::WORKERS_MAX;

/// The highest share of the CPUs that can be asked for; more can only be a slip.
const PERCENT_MAX: u32 = 100_000;

/// How many workers a pool starts with. 0 is refused: such a pool would never end by itself. A running one can be shrunk to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolSize {
    /// Exactly this many.
    Count(u32),
    /// This many more than CPUs.
    More(u32),
    /// This many fewer than CPUs.
    Fewer(u32),
    /// This share of the CPUs.
    Percent(u32),
}

impl PoolSize {
    /// One worker for each CPU.
    pub const CPUS: Self = Self::Percent(100);

    /// The number for a machine with that many CPUs: at least 1, at most [`WORKERS_MAX`], shares rounded down.
    #[must_use]
    pub fn resolve(self, cpus: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::More(more) => cpus.saturating_add(more),
            Self::Fewer(fewer) => cpus.saturating_sub(fewer),
            Self::Percent(percent) => u32::try_from(u64::from(cpus) * u64::from(percent) / 100).unwrap_or(WORKERS_MAX),
        }
        .clamp(1, WORKERS_MAX)
    }
}

impl FromStr for PoolSize {
    type Err = BadNotation;

    fn from_str(text: &str) -> Result<Self, BadNotation> {
        let text = text.trim();
        let number = |digits: &str| {
            let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            all_digits.then(|| digits.parse::<u32>().unwrap_or(u32::MAX)).ok_or_else(|| {
                BadNotation::new(format!(
                    "`{text}` is no number of workers; write 4, +2 or -1 (more or fewer than the CPUs), 50% (of the CPUs) or cpus"
                ))
            })
        };
        if text == "cpus" {
            return Ok(Self::CPUS);
        }
        if let Some(more) = text.strip_prefix('+') {
            return Ok(Self::More(number(more)?));
        }
        if let Some(fewer) = text.strip_prefix('-') {
            return Ok(Self::Fewer(number(fewer)?));
        }
        if let Some(percent) = text.strip_suffix('%') {
            return match number(percent)? {
                percent @ 1..=PERCENT_MAX => Ok(Self::Percent(percent)),
                _ => Err(BadNotation::new(format!("`{text}`: a share of the CPUs is between 1% and {PERCENT_MAX}%"))),
            };
        }
        Self::try_from(u64::from(number(text)?))
    }
}

impl TryFrom<u64> for PoolSize {
    type Error = BadNotation;

    fn try_from(count: u64) -> Result<Self, BadNotation> {
        match u32::try_from(count) {
            Ok(0) => Err(BadNotation::new(format!(
                "a pool starts with at least 1 worker; write cpus for one per CPU, {WORKERS_MAX} for as many as possible"
            ))),
            Ok(count @ 1..=WORKERS_MAX) => Ok(Self::Count(count)),
            _ => Err(BadNotation::new(format!("a pool has at most {WORKERS_MAX} workers"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(text: &str, cpus: u32) -> u32 {
        text.parse::<PoolSize>().unwrap().resolve(cpus)
    }

    #[test]
    fn sizes_follow_make_xargs_and_gnu_parallel() {
        assert_eq!(workers("4", 8), 4);
        assert_eq!(workers("+2", 8), 10);
        assert_eq!(workers("-2", 8), 6);
        assert_eq!(workers("-8", 8), 1);
        assert_eq!(workers("-100", 8), 1);
        assert_eq!(workers("50%", 8), 4);
        assert_eq!(workers("1%", 8), 1);
        assert_eq!(workers("150%", 8), 12);
        assert_eq!(workers("100000%", 64), WORKERS_MAX);
        assert_eq!(workers("cpus", 8), 8);
        assert_eq!(workers("+4294967295", 8), WORKERS_MAX);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        let error = |text: &str| text.parse::<PoolSize>().unwrap_err().to_string();
        assert!(error("0").contains("at least 1"));
        assert!(error("1025").contains("at most 1024"));
        assert!(error("99999999999").contains("at most 1024"));
        assert!(error("0%").contains("between 1%"));
        for text in ["", "four", "+", "-", "%", "4x", "1.5", "--4", "+-4"] {
            assert!(error(text).contains("50% (of the CPUs)"), "{text}");
        }
    }
}
