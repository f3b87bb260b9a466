//! Times as they are typed: `30s`, `1.5m`, `500ms`.

/// The seconds that a number and a unit stand for. A number alone is in seconds. None if the text is
/// neither.
///
/// ```
/// use standstill_model::duration::seconds;
///
/// assert_eq!(seconds("1.5m"), Some(90.0));
/// assert_eq!(seconds("500ms"), Some(0.5));
/// assert_eq!(seconds("7"), Some(7.0));
/// assert_eq!(seconds("7 s"), None);
/// ```
pub fn seconds(text: &str) -> Option<f64> {
    let end = text
        .find(|character: char| !(character.is_ascii_digit() || character == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Some(number * seconds)
}
