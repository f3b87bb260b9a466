//! Ranges of a knob: `2`, `1..4`, `1..=4`.

use std::ops::RangeInclusive;

/// Reads a range. Both ends belong to it, however it is written: that is how reports and
/// `standstill list` write ranges too.
pub(crate) fn range(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (low, high.strip_prefix('=').unwrap_or(high)),
        None => (text, text),
    };
    let (low, high) = (number(low, text)?, number(high, text)?);
    if low > high {
        return Err(format!(
            "the range {low}..{high} is empty: give the smaller number first"
        ));
    }
    Ok(low..=high)
}

fn number(digits: &str, whole: &str) -> Result<u8, String> {
    let known = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !known {
        return Err(format!(
            "`{whole}` is not a range: write one like 2, 1..4 or 1..=4"
        ));
    }
    digits
        .parse()
        .map_err(|_| format!("{digits} is too many: a count goes from 0 to {}", u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn both_ends_belong_to_a_range() {
        for (text, expected) in [
            ("3", 3..=3),
            ("1..4", 1..=4),
            ("1..=4", 1..=4),
            ("0..0", 0..=0),
            ("0..=255", 0..=255),
        ] {
            assert_eq!(range(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_the_reason() {
        for text in [
            "", "..", "1..", "..4", "=4", "1...4", "1..=", "a..b", "-1", "1 ..4", "+1", "1..==4",
        ] {
            let error = range(text).unwrap_err();
            assert!(error.contains("write one like"), "{text}: {error}");
        }
        assert!(range("4..1").unwrap_err().contains("smaller number first"));
        assert!(range("300").unwrap_err().contains("from 0 to 255"));
        assert!(
            range("1..99999999999999999999999")
                .unwrap_err()
                .contains("from 0 to 255")
        );
    }
}
