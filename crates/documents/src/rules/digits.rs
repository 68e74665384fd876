//! Thai digits as those of the programs.

/// The text with `๐` to `๙` written as `0` to `9`; all else as it is.
pub(super) fn arabic(text: &str) -> String {
    text.chars().map(arabic_digit).collect()
}

/// A digit of either kind as `0` to `9`; any other character as it is.
fn arabic_digit(c: char) -> char {
    match c {
        '๐'..='๙' => {
            let value = u32::from(c) - u32::from('๐');
            char::from_digit(value, 10).unwrap_or(c)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_change() {
        assert_eq!(arabic("พ.ศ. ๒๕๖๗ (1,๐๐๐)"), "พ.ศ. 2567 (1,000)");
    }
}
