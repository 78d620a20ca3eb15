//! Durations, sizes, shares, and spans between two of them, read exactly: integers only, never a float. PURE.
//! It does not know what an amount is for.

use super::BadNotation;

/// The longest duration that can be written, a year: beyond it nobody waits, and sums of a few stay far from overflow.
pub const DURATION_MS_MAX: u64 = 365 * 24 * 3600 * 1000;

/// The largest size that can be written.
pub const SIZE_BYTES_MAX: u64 = 1_000_000_000_000_000;

/// How many digits after the point are looked at; one more than any unit needs.
const FRACTION_DIGITS_MAX: usize = 16;

const DURATION_UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

const SIZE_UNITS: &[(&str, u64)] = &[
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// From one amount to another, both included; equal where a single amount was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The lower end.
    pub low: u64,
    /// The upper end, at least the lower.
    pub high: u64,
}

/// A duration in milliseconds.
///
/// # Errors
/// When it is none, shorter than a millisecond without being zero, or longer than [`DURATION_MS_MAX`].
pub fn duration_ms(text: &str) -> Result<u64, BadNotation> {
    let refuse = || BadNotation::new(format!("`{text}` is no duration; write it like 250ms, 3s, 1.5s or 1m30s"));
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refuse());
    }
    let mut total = 0_u64;
    let mut unit_before = u64::MAX;
    while !rest.is_empty() {
        let (number, tail) = split_number(rest);
        let unit_length = tail.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(tail.len());
        let unit = match &tail[..unit_length] {
            "" if unit_before == u64::MAX && tail.is_empty() => 1000,
            unit => factor(DURATION_UNITS, unit).ok_or_else(refuse)?,
        };
        // `30s1m` and `1s1s` are slips rather than amounts.
        if unit >= unit_before {
            return Err(refuse());
        }
        unit_before = unit;
        let part = scaled(number, unit).ok_or_else(refuse)?;
        if part == 0 && number.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
            return Err(BadNotation::new(format!("`{text}` is shorter than the smallest duration, 1ms")));
        }
        total = total.saturating_add(part);
        rest = tail[unit_length..].trim_start();
    }
    if total > DURATION_MS_MAX {
        return Err(BadNotation::new(format!("`{text}` is longer than the longest duration, {}h", 365 * 24)));
    }
    Ok(total)
}

/// A duration within which something has to end, in milliseconds; never 0.
///
/// # Errors
/// As [`duration_ms`], and when it is 0.
pub fn timeout_ms(text: &str) -> Result<u64, BadNotation> {
    match duration_ms(text)? {
        0 => Err(BadNotation::new("a timeout of 0 would end every task at once; leave it out for none")),
        timeout_ms => Ok(timeout_ms),
    }
}

/// A size in bytes.
///
/// # Errors
/// When it is none, or larger than [`SIZE_BYTES_MAX`].
pub fn size_bytes(text: &str) -> Result<u64, BadNotation> {
    let refuse = || BadNotation::new(format!("`{text}` is no size; write it like 4 kB, 12 MB, 1.5 GB or 64 KiB"));
    let (number, unit) = split_number(text.trim());
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        unit => factor(SIZE_UNITS, unit).ok_or_else(refuse)?,
    };
    let bytes = scaled(number, unit).ok_or_else(refuse)?;
    if bytes > SIZE_BYTES_MAX {
        return Err(BadNotation::new(format!("`{text}` is larger than the largest size, 1000 TB")));
    }
    Ok(bytes)
}

/// A share in thousandths.
///
/// # Errors
/// When it is none, or above 100%.
pub fn per_mille(text: &str) -> Result<u16, BadNotation> {
    let refuse = || BadNotation::new(format!("`{text}` is no share; write it like 10% or 2.5%"));
    let number = text.trim().strip_suffix('%').ok_or_else(refuse)?.trim_end();
    let share = scaled(number, 10).ok_or_else(refuse)?;
    match u16::try_from(share) {
        Ok(share @ 0..=1000) => Ok(share),
        _ => Err(BadNotation::new(format!("`{text}` is over 100%"))),
    }
}

/// One amount, or two with `..` between them; `read` reads one.
///
/// # Errors
/// When either is none, or the span runs backwards.
pub fn span(text: &str, read: impl Fn(&str) -> Result<u64, BadNotation>) -> Result<Span, BadNotation> {
    let Some((low, high)) = text.split_once("..") else {
        let both = read(text)?;
        return Ok(Span { low: both, high: both });
    };
    let (low_text, high_text) = (low.trim(), high.trim_start_matches('=').trim());
    let high = read(high_text)?;
    let low_text = match split_number(low_text) {
        (number, "") if !number.is_empty() => format!("{low_text}{}", unit_of(high_text)),
        _ => low_text.to_owned(),
    };
    let low = read(&low_text)?;
    if low > high {
        return Err(BadNotation::new(format!("`{text}` runs backwards; write {high_text}..{low_text}")));
    }
    Ok(Span { low, high })
}

/// The letters at the end.
fn unit_of(text: &str) -> &str {
    &text[text.trim_end_matches(|char: char| char.is_ascii_alphabetic()).len()..]
}

fn factor(units: &[(&str, u64)], name: &str) -> Option<u64> {
    units.iter().find(|(unit, _)| *unit == name).map(|&(_, factor)| factor)
}

/// The digits and point at the start, and what follows them without the space between.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    // In `5..10` the point belongs to the span.
    let end = text[..end].find("..").unwrap_or(end);
    (&text[..end], text[end..].trim_start())
}

/// A decimal number times the factor, rounded down; `None` if it is no number. Too large saturates, for the caller's limit.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS_MAX)];
    let whole = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(factor);
    let mut part = 0_u128;
    for byte in fraction.bytes() {
        part = part * 10 + u128::from(byte - b'0');
    }
    let divisor = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let part = u64::try_from(part * u128::from(factor) / divisor).unwrap_or(u64::MAX);
    Some(whole.saturating_add(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, ms) in [
            ("250ms", 250),
            ("3s", 3000),
            ("1.5s", 1500),
            ("1m30s", 90_000),
            ("1h 2m 3s 4ms", 3_723_004),
            ("0s", 0),
            ("0", 0),
            ("10", 10_000),
            ("0.25", 250),
            ("2 s", 2000),
            ("0.0015s", 1),
            ("8760h", DURATION_MS_MAX),
        ] {
            assert_eq!(duration_ms(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_how_to_write_one() {
        for text in ["", " ", "s", "3x", "3 days", "30s1m", "1s1s", "1.s", ".5s", "-1s", "1s2", "3s..4s", "３s", "1..2"]
        {
            let error = duration_ms(text).unwrap_err().to_string();
            assert!(error.contains("250ms"), "{text}: {error}");
        }
        assert!(timeout_ms("0ms").unwrap_err().to_string().contains("leave it out"));
        assert_eq!(timeout_ms("1ms"), Ok(1));
        assert!(duration_ms("8761h").unwrap_err().to_string().contains("longest"));
        assert!(duration_ms("99999999999999999999999h").unwrap_err().to_string().contains("longest"));
        assert!(duration_ms("0.1ms").unwrap_err().to_string().contains("1ms"));
    }

    #[test]
    fn sizes_know_both_families_of_units() {
        for (text, bytes) in [
            ("4 kB", 4000),
            ("12 MB", 12_000_000),
            ("1.5GB", 1_500_000_000),
            ("64 KiB", 65_536),
            ("1 MiB", 1 << 20),
            ("0", 0),
            ("17", 17),
            ("17 B", 17),
            ("3 mb", 3_000_000),
            ("1000 TB", SIZE_BYTES_MAX),
        ] {
            assert_eq!(size_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "4 kilobytes", "-1 MB", "1,5 MB", "1 M B", "1e3 B"] {
            assert!(size_bytes(text).unwrap_err().to_string().contains("64 KiB"), "{text}");
        }
        assert!(size_bytes("1001 TB").unwrap_err().to_string().contains("largest"));
    }

    #[test]
    fn shares_end_at_a_hundred_per_cent() {
        assert_eq!(per_mille("10%"), Ok(100));
        assert_eq!(per_mille("2.5 %"), Ok(25));
        assert_eq!(per_mille("0%"), Ok(0));
        assert_eq!(per_mille("100%"), Ok(1000));
        assert!(per_mille("101%").unwrap_err().to_string().contains("over 100%"));
        assert!(per_mille("99999999999999999999%").unwrap_err().to_string().contains("over 100%"));
        assert!(per_mille("10").unwrap_err().to_string().contains("like 10%"));
    }

    #[test]
    fn a_span_may_leave_its_first_unit_out() {
        assert_eq!(span("2s", duration_ms), Ok(Span { low: 2000, high: 2000 }));
        assert_eq!(span("0s..3s", duration_ms), Ok(Span { low: 0, high: 3000 }));
        assert_eq!(span("5..10s", duration_ms), Ok(Span { low: 5000, high: 10_000 }));
        assert_eq!(span("5..10ms", duration_ms), Ok(Span { low: 5, high: 10 }));
        assert_eq!(span("5..=10s", duration_ms), Ok(Span { low: 5000, high: 10_000 }));
        assert_eq!(span("0.5..1.5s", duration_ms), Ok(Span { low: 500, high: 1500 }));
        assert_eq!(span("5 .. 80 MB", size_bytes), Ok(Span { low: 5_000_000, high: 80_000_000 }));
        assert_eq!(span("900 kB..2 MB", size_bytes), Ok(Span { low: 900_000, high: 2_000_000 }));
        let error = span("3s..1s", duration_ms).unwrap_err().to_string();
        assert_eq!(error, "`3s..1s` runs backwards; write 1s..3s");
        let error = span("3..1s", duration_ms).unwrap_err().to_string();
        assert_eq!(error, "`3..1s` runs backwards; write 1s..3s");
        for text in ["..", "1s..", "..1s", "1s..2s..3s", "a..b"] {
            assert!(span(text, duration_ms).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,24}|[0-9.smhkKMGTiB% ]{0,24}") {
            if let Ok(ms) = duration_ms(&text) {
                prop_assert!(ms <= DURATION_MS_MAX);
            }
            if let Ok(bytes) = size_bytes(&text) {
                prop_assert!(bytes <= SIZE_BYTES_MAX);
            }
            if let Ok(share) = per_mille(&text) {
                prop_assert!(share <= 1000);
            }
            if let Ok(span) = span(&text, size_bytes) {
                prop_assert!(span.low <= span.high);
            }
        }

        #[test]
        fn whole_seconds_come_back(seconds in 0..10_000_u64) {
            prop_assert_eq!(duration_ms(&format!("{seconds}s")), Ok(seconds * 1000));
            prop_assert_eq!(duration_ms(&format!("{}m{}s", seconds / 60, seconds % 60)), Ok(seconds * 1000));
        }
    }
}
