//! Amounts of money as people type them.

use thiserror::Error;

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not a number with an optional unit.
    #[error("is no amount; write 1,600,000บาท, or satang: 160000000")]
    NotANumber,
    /// Separators or decimals, and no unit: baht and satang look alike.
    #[error("has no unit; write 1,600,000บาท (or baht), or plain satang: 160000000")]
    UnitMissing,
    /// Less than one satang is left over.
    #[error("has a fraction of a satang; the smallest amount is 0.01 baht")]
    Fraction,
    /// Beyond 64 bits.
    #[error("is too large")]
    TooLarge,
}

/// Units by their endings, the longer before those that they end in; digits by which the number
/// is shifted to become satang.
const UNITS: [(&str, u32); 9] = [
    ("ล้านบาท", 8),
    ("million baht", 8),
    ("สตางค์", 0),
    ("satang", 0),
    ("บาท", 2),
    ("baht", 2),
    ("thb", 2),
    ("฿", 2),
    ("บ.", 2),
];

/// Satang of a text in which a number without a unit is an amount of baht: `1,800,000.50`, `5`,
/// `1.6 ล้านบาท`.
///
/// # Errors
/// As [`satang`], but no unit is never missing.
pub fn satang_of_baht(text: &str) -> Result<i64, AmountError> {
    let folded = crate::text::fold_number(text);
    match folded.ends_with(|last: char| last.is_ascii_digit()) {
        true => shifted(&folded, 2),
        false => satang(&folded),
    }
}

/// Satang of `1800000` (satang), `1,800,000.50 baht`, `1.6 ล้านบาท`, `๑๖๐๐บาท`.
///
/// # Errors
/// When it is no amount, or does not say whether it is in baht or satang.
pub fn satang(text: &str) -> Result<i64, AmountError> {
    let folded = crate::text::fold_number(text);
    let unit = UNITS
        .iter()
        .find_map(|(ending, shift)| Some((folded.strip_suffix(ending)?, *shift)));
    match unit {
        Some((number, shift)) => shifted(number.trim_end(), shift),
        None if is_plain_integer(&folded) => folded.parse().map_err(|_| AmountError::TooLarge),
        None => match shifted(&folded, 2) {
            Ok(_) | Err(AmountError::Fraction) => Err(AmountError::UnitMissing),
            Err(error) => Err(error),
        },
    }
}

fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The decimal number times ten to the `shift`, exactly.
fn shifted(text: &str, shift: u32) -> Result<i64, AmountError> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = without_separators(whole).ok_or(AmountError::NotANumber)?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    let places = u32::try_from(fraction.len()).map_err(|_| AmountError::Fraction)?;
    let Some(zeros) = shift.checked_sub(places) else {
        return Err(AmountError::Fraction);
    };
    let digits: i64 = format!("{whole}{fraction}")
        .parse()
        .map_err(|_| AmountError::TooLarge)?;
    let amount = 10_i64
        .checked_pow(zeros)
        .and_then(|factor| digits.checked_mul(factor))
        .ok_or(AmountError::TooLarge)?;
    Ok(if negative { -amount } else { amount })
}

/// The digits of `1,600,000` or `1600000`; separators stand before every third digit or nowhere.
pub fn without_separators(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(',').collect();
    let numeric = |group: &&str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let (first, rest) = groups.split_first()?;
    let separated = rest.is_empty() || first.len() <= 3;
    let right = groups.iter().all(numeric) && separated && rest.iter().all(|g| g.len() == 3);
    right.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_without_a_unit_is_in_satang() {
        assert_eq!(satang("160000000"), Ok(160_000_000));
        assert_eq!(satang("-5"), Ok(-5));
        assert_eq!(satang("5 สตางค์"), Ok(5));
    }

    #[test]
    fn baht_become_satang_exactly() {
        for (text, expected) in [
            ("1800000บาท", 180_000_000),
            ("1,800,000.50 baht", 180_000_050),
            ("1,800,000 Baht", 180_000_000),
            ("0.01บาท", 1),
            ("0.10 THB", 10),
            ("1.6 ล้านบาท", 160_000_000),
            ("๑,๖๐๐,๐๐๐ บาท", 160_000_000),
            ("-12.5บาท", -1_250),
            ("1.500000000บาท", 150),
        ] {
            assert_eq!(satang(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn where_baht_are_meant_a_number_needs_no_unit() {
        for (text, expected) in [
            ("1600000.00", Ok(160_000_000)),
            ("๑,๖๐๐,๐๐๐", Ok(160_000_000)),
            ("-5", Ok(-500)),
            ("1.6 ล้านบาท", Ok(160_000_000)),
            ("5 สตางค์", Ok(5)),
            ("0.005", Err(AmountError::Fraction)),
            ("ห้าบาท", Err(AmountError::NotANumber)),
        ] {
            assert_eq!(satang_of_baht(text), expected, "{text}");
        }
    }

    #[test]
    fn doubtful_amounts_are_refused() {
        for (text, expected) in [
            ("1,600,000", AmountError::UnitMissing),
            ("1600000.00", AmountError::UnitMissing),
            ("0.005บาท", AmountError::Fraction),
            ("5.5 สตางค์", AmountError::Fraction),
            ("1,60,000บาท", AmountError::NotANumber),
            ("1600,000บาท", AmountError::NotANumber),
            ("ล้านบาท", AmountError::NotANumber),
            ("บาท", AmountError::NotANumber),
            ("", AmountError::NotANumber),
            ("1e6 baht", AmountError::NotANumber),
            ("99999999999999999999", AmountError::TooLarge),
            ("100000000000000000 บาท", AmountError::TooLarge),
        ] {
            assert_eq!(satang(text), Err(expected), "{text}");
        }
    }
}
