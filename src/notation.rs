//! The notations in which people write amounts, on the command line and in scenarios: durations, sizes, rates, speeds, shares, spans, pool sizes, when to halt. PURE.
//! It does not know which flag or key a text stands behind; whoever asks names it.
//!
//! | notation | examples |
//! |---|---|
//! | duration | `250ms`, `3s`, `1.5s`, `1m30s`, `2h`; a bare number means seconds |
//! | size     | `4 kB`, `12 MB`, `1.5 GB` (powers of 1000), `64 KiB`, `1 MiB` (powers of 1024); a bare number means bytes |
//! | rate     | `40 MB/s`, `512 KiB/s` |
//! | speed    | `10`, `0.5`: so many times faster, from 0.01 to 1000 |
//! | share    | `10%`, `2.5%` |
//! | span     | `0s..3s`, `5..10s` (a missing unit is the one after the dots), both ends included |
//! | pool     | `4`, `cpus`, `+2`, `-1` (more or fewer than the CPUs), `150%` (of the CPUs) |
//! | halt     | `never`, `now,fail=1`, `soon,done=10%`, `now,success=1` (GNU parallel's) |

mod amount;
mod halt;
mod language;
mod pool_size;
mod rate;
mod speed;

pub use amount::{DURATION_MS_MAX, SIZE_BYTES_MAX, Span, duration_ms, per_mille, size_bytes, span, timeout_ms};
pub use halt::halt;
pub use language::Language;
pub use pool_size::PoolSize;
pub use rate::rate_bytes_per_s;
pub use speed::speed_milli;

/// Why a text is no amount of the kind asked for: a lowercase fragment that says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadNotation(String);

impl BadNotation {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
