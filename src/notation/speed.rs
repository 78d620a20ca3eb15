//! How many times faster simulated time goes, as a number from 0.01 to 1000. PURE.
//! It does not know what is simulated.

use super::BadNotation;

const SPEED_MIN: f64 = 0.01;
const SPEED_MAX: f64 = 1000.0;

/// A speed in thousandths, so that nothing after this has to do with floats.
///
/// # Errors
/// When it is no number, or out of range.
pub fn speed_milli(text: &str) -> Result<u32, BadNotation> {
    let speed: Option<f64> = text.trim().parse().ok();
    let Some(speed) = speed.filter(|speed| (SPEED_MIN..=SPEED_MAX).contains(speed)) else {
        return Err(BadNotation::new(format!("`{text}` is no speed; write a number from {SPEED_MIN} to {SPEED_MAX}")));
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 10 and a million")]
    let milli = (speed * 1000.0).round() as u32;
    Ok(milli)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_within_limits() {
        assert_eq!(
            ["1", "0.01", "2.5", "1e2", "1000"].map(|text| speed_milli(text).unwrap()),
            [1000, 10, 2500, 100_000, 1_000_000]
        );
        for text in ["", "0", "0.009", "1001", "-1", "nan", "inf", "2x"] {
            assert!(speed_milli(text).unwrap_err().to_string().ends_with("from 0.01 to 1000"), "{text}");
        }
    }
}
