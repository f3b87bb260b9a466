//! Durations: `30s`, `5m`, `1h`, `500ms`.

use std::time::Duration;

/// Reads a duration above zero. A number alone is in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = standstill::duration::seconds(text).ok_or_else(|| wrong(text))?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration.is_zero() => {
            Err("the time must be longer than nothing".to_owned())
        }
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(format!("`{text}` is too long: a year is the most")),
    }
}

const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

fn wrong(text: &str) -> String {
    format!("`{text}` is not a duration: write one like 30s, 5m, 1h or 500ms")
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_have_units() {
        for (text, millis) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("1.5m", 90_000),
            ("2h", 7_200_000),
            ("7", 7_000),
            ("2min", 120_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "1d", "-1s", "1s2", "1.2.3s", "1 s", "..", "."] {
            assert!(
                duration(text).unwrap_err().contains("write one like"),
                "{text}"
            );
        }
        assert!(duration("0s").unwrap_err().contains("longer than nothing"));
        assert!(duration("99999999h").unwrap_err().contains("too long"));
        assert!(duration(&"9".repeat(400)).unwrap_err().contains("too long"));
    }
}
