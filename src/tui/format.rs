//! Numbers for people, in few and known columns: bytes, durations, rates, shares. PURE.
//! It does not know where they stand on the screen.

use std::time::Duration;

/// Where nobody knows.
pub const UNKNOWN: &str = "--:--";

/// A quantity of memory in at most 4 columns, as top has it: `512B`, `980K`, `1.2M`, `12M`, `3.4G`. Powers of 1024.
pub fn bytes_short(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "K", "M", "G", "T", "P", "E"];
    let (value, unit) = scaled(bytes, 1024);
    match UNITS.get(unit) {
        None | Some(&"B") => format!("{bytes}B"),
        Some(unit) if value < 9.95 => format!("{value:.1}{unit}"),
        Some(unit) => format!("{value:.0}{unit}"),
    }
}

/// An amount of payload in at most 7 columns: `512 B`, `4.1 kB`, `412 MB`. Powers of 1000, as disks and links are sold.
pub fn bytes(amount: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (value, unit) = scaled(amount, 1000);
    match UNITS.get(unit) {
        Some(&unit) if unit != "B" && value < 9.95 => format!("{value:.1} {unit}"),
        Some(&unit) => format!("{value:.0} {unit}"),
        None => format!("{amount} B"),
    }
}

/// How much of how much, with the unit once where it is the same: `1.2/4.0 GB`, `980 MB/4.0 GB`.
pub fn bytes_of(done: u64, total: u64) -> String {
    let (done, total) = (bytes(done), bytes(total));
    match (done.split_once(' '), total.split_once(' ')) {
        (Some((amount, unit)), Some((_, same))) if unit == same => format!("{amount}/{total}"),
        _ => format!("{done}/{total}"),
    }
}

/// Payload a second, at most 9 columns: `412 MB/s`.
pub fn bytes_per_s(rate: f64) -> String {
    format!("{}/s", bytes(whole(rate)))
}

/// Something a second in at most 6 columns: `0.4/s`, `5.2/s`, `183/s`, `12k/s`.
pub fn per_s(rate: f64) -> String {
    format!("{}/s", short(rate))
}

/// A number in at most 4 columns: `0.4`, `5.2`, `183`, `1.2k`, `12k`, `3.4M`.
pub fn short(value: f64) -> String {
    const UNITS: [&str; 5] = ["", "k", "M", "G", "T"];
    let (mut value, mut unit) = (value.max(0.0), 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1}{}", UNITS[unit]) } else { format!("{value:.0}{}", UNITS[unit]) }
}

/// A number of things in at most 5 columns: as it is below 100,000, in thousands above.
pub fn count(value: u64) -> String {
    if value < 100_000 { value.to_string() } else { short(share_base(value)) }
}

/// The clock of the run, with tenths below an hour: `00:12.4`, `1:02:03`.
pub fn clock(time: Duration) -> String {
    let secs = time.as_secs();
    if secs < 3600 { format!("{:02}:{:02}.{}", secs / 60, secs % 60, time.subsec_millis() / 100) } else { coarse(secs) }
}

/// A duration without fractions in at most 8 columns: `0:36`, `1:02:03`, `3d 04h`.
pub fn age(time: Duration) -> String {
    coarse(time.as_secs())
}

/// A moment of the run for a log line: `00:12`, `1:02:03`.
pub fn moment(time: Duration) -> String {
    let secs = time.as_secs();
    if secs < 3600 { format!("{:02}:{:02}", secs / 60, secs % 60) } else { coarse(secs) }
}

/// The time still needed, rounded up so that it never says 0:00 before the end.
pub fn eta(left: Option<Duration>) -> String {
    match left {
        None => UNKNOWN.to_owned(),
        Some(left) => coarse(left.as_secs().saturating_add((left.subsec_nanos() > 0).into())),
    }
}

/// How long something took, in at most 6 columns: `310us`, `4.2ms`, `0.31s`, `12.4s`, `2:05`, `3d04h`.
pub fn took(time: Duration) -> String {
    let secs = time.as_secs_f64();
    match time.as_micros() {
        0 => "0s".to_owned(),
        1..1_000 => format!("{}us", time.as_micros()),
        1_000..9_950 => format!("{:.1}ms", secs * 1e3),
        9_950..99_500 => format!("{:.0}ms", secs * 1e3),
        99_500..9_995_000 => format!("{secs:.2}s"),
        9_995_000..59_950_000 => format!("{secs:.1}s"),
        _ => coarse(time.as_secs()).replace("d ", "d"),
    }
}

/// A share with one decimal, `24.4 %`. Never 100 before all is done.
pub fn percent(share: f64) -> String {
    let share = if share >= 1.0 { 1.0 } else { share.clamp(0.0, 0.999) };
    format!("{:.1} %", share * 100.0)
}

/// A share in whole per cent, 4 columns wide at least: ` 71%`. Rounded down, so that 100% means all.
pub fn percent_whole(share: f64) -> String {
    format!("{:>3.0}%", (share.clamp(0.0, 1.0) * 100.0 + 1e-9).floor())
}

/// How many eighths of a column a bar of that many columns is filled with; at least one when there is anything.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most, never negative")]
pub fn eighths(share: f64, columns: u16) -> u32 {
    let whole = u32::from(columns) * 8;
    if !share.is_finite() || share <= 0.0 {
        return 0;
    }
    ((share.min(1.0) * f64::from(whole)).round() as u32).clamp(1, whole.max(1))
}

/// The part of a whole, 0 of nothing.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { share_base(part) / share_base(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn share_base(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; negative rates do not occur")]
fn whole(value: f64) -> u64 {
    value as u64
}

/// The value in the largest unit in which it is at least 1, and which unit that is.
fn scaled(amount: u64, base: u32) -> (f64, usize) {
    let base = f64::from(base);
    let (mut value, mut unit) = (share_base(amount), 0);
    while value >= 999.5 {
        value /= base;
        unit += 1;
    }
    (value, unit)
}

fn coarse(secs: u64) -> String {
    match secs {
        0..3600 => format!("{}:{:02}", secs / 60, secs % 60),
        3600..86_400 => format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60),
        _ => format!("{}d {:02}h", secs / 86_400, secs / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn memory_fits_four_columns() {
        for (bytes, shown) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1.0K"),
            (1023, "1.0K"),
            (12 << 20, "12M"),
            (10_433_331, "9.9M"),
            (10_590_617, "10M"),
            (1_288_490_189, "1.2G"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(bytes_short(bytes), shown);
        }
        for shift in 0..64 {
            for bytes in [1_u64 << shift, (1_u64 << shift).wrapping_sub(1), (1_u64 << shift) / 10 * 9] {
                assert!(bytes_short(bytes).len() <= 4, "{bytes}: {}", bytes_short(bytes));
                assert!(super::bytes(bytes).len() <= 7, "{bytes}: {}", super::bytes(bytes));
            }
        }
    }

    #[test]
    fn payload_names_its_unit_once() {
        assert_eq!(bytes(412_000_000), "412 MB");
        assert_eq!(bytes_per_s(4_120_000.0), "4.1 MB/s");
        assert_eq!(bytes_of(1_200_000_000, 4_000_000_000), "1.2/4.0 GB");
        assert_eq!(bytes_of(980_000_000, 4_000_000_000), "980 MB/4.0 GB");
        assert_eq!(bytes_of(0, 4_000), "0 B/4.0 kB");
    }

    #[test]
    fn durations_read_like_clocks() {
        assert_eq!(clock(ms(12_430)), "00:12.4");
        assert_eq!(clock(ms(3_723_000)), "1:02:03");
        assert_eq!(moment(ms(61_900)), "01:01");
        assert_eq!(age(ms(36_900)), "0:36");
        assert_eq!(age(ms(3_723_000)), "1:02:03");
        assert_eq!(age(Duration::from_hours(76)), "3d 04h");
        assert_eq!(eta(None), UNKNOWN);
        assert_eq!(eta(Some(ms(35_100))), "0:36");
        assert_eq!(eta(Some(ms(0))), "0:00");
    }

    #[test]
    fn what_it_took_fits_six_columns() {
        for (time, shown) in [
            (Duration::from_micros(310), "310us"),
            (Duration::from_micros(4_230), "4.2ms"),
            (ms(99), "99ms"),
            (ms(310), "0.31s"),
            (ms(9_994), "9.99s"),
            (ms(9_996), "10.0s"),
            (ms(12_430), "12.4s"),
            (ms(125_000), "2:05"),
        ] {
            assert_eq!(took(time), shown);
        }
        let mut time = Duration::from_micros(1);
        while time < Duration::from_secs(3500) {
            assert!(took(time).len() <= 6, "{time:?}: {}", took(time));
            time = time * 11 / 10 + Duration::from_micros(1);
        }
    }

    #[test]
    fn a_share_is_whole_only_at_the_end() {
        assert_eq!(percent(0.2441), "24.4 %");
        assert_eq!(percent(0.99999), "99.9 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent_whole(0.999), " 99%");
        assert_eq!(percent_whole(1.0), "100%");
        assert_eq!(share(1, 0).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn rates_stay_short() {
        for (rate, shown) in [(0.0, "0.0/s"), (5.23, "5.2/s"), (183.4, "183/s"), (12_300.0, "12k/s"), (999.9, "1.0k/s")]
        {
            assert_eq!(per_s(rate), shown);
        }
        assert_eq!(count(99_999), "99999");
        assert_eq!(count(1_234_567), "1.2M");
    }

    #[test]
    fn a_bar_shows_the_first_bit_and_no_more_than_all() {
        assert_eq!(eighths(0.0, 10), 0);
        assert_eq!(eighths(0.000_001, 10), 1);
        assert_eq!(eighths(0.5, 10), 40);
        assert_eq!(eighths(7.0, 10), 80);
        assert_eq!(eighths(f64::NAN, 10), 0);
    }
}
