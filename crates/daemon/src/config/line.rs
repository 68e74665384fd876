//! What a node does to the line with one peer: caps on its speed, and quiet hours.

use crate::limits::LINE_BITS_MIN;
use crate::quiet_hours::QuietHours;

/// The options of the section of a peer that concern the line.
pub(super) const UPLOAD: &str = "upload_limit";
pub(super) const DOWNLOAD: &str = "download_limit";
pub(super) const QUIET: &str = "quiet_hours";

/// The terms of the line with one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTerms {
    /// Bits a second to the peer at most.
    pub upload: Option<u64>,
    /// Bits a second from the peer at most.
    pub download: Option<u64>,
    /// When bulk waits.
    pub quiet: Vec<QuietHours>,
}

/// The bits a second that `text` says: `256 kbit/s`; what is wrong otherwise.
pub(super) fn parse_rate(text: &str) -> Result<u64, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match unit.trim_start() {
        "bit/s" => 1,
        "kbit/s" => 1_000,
        "Mbit/s" => 1_000_000,
        _ => return Err("is no speed".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "is no speed".to_owned())?;
    let bits = number.saturating_mul(factor);
    match bits < LINE_BITS_MIN {
        true => Err(format!("is less than {} kbit/s", LINE_BITS_MIN / 1_000)),
        false => Ok(bits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_with_its_unit() {
        assert_eq!(parse_rate("256 kbit/s"), Ok(256_000));
        assert_eq!(parse_rate("2Mbit/s"), Ok(2_000_000));
        assert_eq!(parse_rate("64000 bit/s"), Ok(64_000));
        for text in ["", "256", "256 kB/s", "kbit/s", "-1 kbit/s", "1.5 Mbit/s"] {
            assert_eq!(parse_rate(text), Err("is no speed".to_owned()), "{text}");
        }
        assert!(parse_rate("7 kbit/s").unwrap_err().contains("less than 16"));
    }
}
