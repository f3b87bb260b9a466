//! An aligned table.

use crate::console::{Paint, paint};

/// One cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    paint: Option<Paint>,
    right: bool,
}

impl Cell {
    /// A text, left-aligned.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            paint: None,
            right: false,
        }
    }

    /// A number, right-aligned.
    pub(crate) fn number(text: impl Into<String>) -> Self {
        Self {
            right: true,
            ..Self::text(text)
        }
    }

    /// The same cell in a colour.
    pub(crate) fn painted(mut self, paint: Paint) -> Self {
        self.paint = Some(paint);
        self
    }
}

/// The rows under their titles, with columns as wide as necessary.
pub(crate) fn render(titles: &[&str], rows: &[Vec<Cell>], color: bool) -> String {
    let mut lines: Vec<Vec<Cell>> = Vec::with_capacity(rows.len() + 1);
    lines.push(
        titles
            .iter()
            .enumerate()
            .map(|(at, title)| Cell {
                text: (*title).to_owned(),
                paint: Some(Paint::Bold),
                right: rows
                    .first()
                    .and_then(|row| row.get(at))
                    .is_some_and(|cell| cell.right),
            })
            .collect(),
    );
    lines.extend(rows.iter().cloned());
    let widths: Vec<usize> = (0..titles.len())
        .map(|at| {
            lines
                .iter()
                .filter_map(|line| line.get(at))
                .map(width)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut rendered = String::new();
        for (at, (cell, wide)) in line.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(wide - width(cell));
            let painted = match cell.paint {
                Some(colour) => paint(color, colour, &cell.text),
                None => cell.text.clone(),
            };
            if at > 0 {
                rendered.push_str("  ");
            }
            if cell.right {
                rendered.push_str(&gap);
                rendered.push_str(&painted);
            } else {
                rendered.push_str(&painted);
                rendered.push_str(&gap);
            }
        }
        text.push_str(rendered.trim_end());
        text.push('\n');
    }
    text
}

fn width(cell: &Cell) -> usize {
    cell.text.chars().count()
}

/// A count with separators between thousands: `20,000`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate as a whole number, with separators between thousands.
pub(crate) fn rate(per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is neither negative nor anywhere near 2^64; a cast would saturate"
    )]
    let whole = per_second.round() as u64;
    grouped(whole)
}

#[cfg(test)]
mod tests {
    use super::{Cell, Paint, grouped, rate, render};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec![Cell::text("a"), Cell::number("20,000"), Cell::text("x")],
            vec![Cell::text("longer"), Cell::number("7"), Cell::text("-")],
        ];
        insta::assert_snapshot!(render(&["name", "count", "end"], &rows, false), @r"
        name     count  end
        a       20,000  x
        longer       7  -
        ");
    }

    #[test]
    fn colour_does_not_change_the_alignment() {
        let rows = vec![
            vec![Cell::text("hang").painted(Paint::Red), Cell::text("x")],
            vec![
                Cell::text("undecided").painted(Paint::Yellow),
                Cell::text("y"),
            ],
        ];
        let plain = render(&["verdict", "end"], &rows, false);
        let mut coloured = render(&["verdict", "end"], &rows, true);
        for code in ["\u{1b}[1;31m", "\u{1b}[33m", "\u{1b}[1m", "\u{1b}[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, plain);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (20_000, "20,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(count), text);
        }
        assert_eq!(rate(140_999.7), "141,000");
    }
}
