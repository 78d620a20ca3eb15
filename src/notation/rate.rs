//! How fast something carries bytes: a size for each second. PURE.
//! It does not know what is carried.

use super::{BadNotation, size_bytes};

/// A rate in bytes a second; never 0.
///
/// # Errors
/// When it is none, or 0.
pub fn rate_bytes_per_s(text: &str) -> Result<u64, BadNotation> {
    let refuse = || BadNotation::new(format!("`{text}` is no rate; write it like 40 MB/s or 512 KiB/s"));
    let size = text.trim().strip_suffix("/s").ok_or_else(refuse)?;
    match size_bytes(size.trim_end()) {
        Ok(0) => Err(BadNotation::new(format!("`{text}` carries nothing; write at least 1 B/s"))),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_size_for_each_second() {
        for (text, rate) in
            [("40 MB/s", 40_000_000), ("512 KiB/s", 524_288), (" 1.5 GB /s ", 1_500_000_000), ("9/s", 9)]
        {
            assert_eq!(rate_bytes_per_s(text), Ok(rate), "{text}");
        }
        for text in ["", "/s", "40 MB", "40 MB/m", "fast/s", "-1 B/s"] {
            assert!(rate_bytes_per_s(text).unwrap_err().to_string().contains("40 MB/s"), "{text}");
        }
        assert!(rate_bytes_per_s("0 MB/s").unwrap_err().to_string().contains("carries nothing"));
    }
}
