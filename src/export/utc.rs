//! The wall clock's time as people and programs write it: `2026-01-02T03:04:05.000000Z`. PURE.
//! It does not know time zones.

use crate::journal::date;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// ISO 8601 in UTC, of microseconds since 1970.
pub(super) fn iso(unix_us: i64) -> String {
    let (year, month, day) = date(unix_us.div_euclid(DAY_US));
    let us = unix_us.rem_euclid(DAY_US);
    let (secs, us) = (us / 1_000_000, us % 1_000_000);
    let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{us:06}Z")
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (unix_us, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_767_323_045_000_007, "2026-01-02T03:04:05.000007Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(iso(unix_us), text);
        }
    }
}
