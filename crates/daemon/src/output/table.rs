//! Aligned columns. Thai vowels and tone marks above and below a consonant take no column.

use std::fmt;

use super::harmless;
use unicode_width::UnicodeWidthChar;

/// Columns between two columns of a table.
const GAP: usize = 2;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows of texts under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Table {
        Table {
            columns: columns
                .iter()
                .map(|(name, align)| ((*name).to_owned(), *align))
                .collect(),
            rows: Vec::new(),
            indent: 0,
        }
    }

    /// Two columns without headings: names and what they stand for.
    pub(crate) fn pairs() -> Table {
        Table::new(&[("", Align::Left), ("", Align::Left)])
    }

    /// Spaces before every line.
    pub(crate) fn indent(mut self, columns: usize) -> Table {
        self.indent = columns;
        self
    }

    /// Adds a row. Line breaks in a cell become a return sign, so that a row stays a line.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.cells(cells.into());
    }

    /// Adds a row of as many cells as there are columns.
    pub(crate) fn cells(&mut self, cells: Vec<String>) {
        let cells = cells.iter().map(|cell| harmless::line(cell));
        self.rows.push(cells.collect());
    }

    /// True without rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| width(name)).collect();
        for row in &self.rows {
            for (cell, widest) in row.iter().zip(&mut widths) {
                *widest = (*widest).max(width(cell));
            }
        }
        widths
    }

    fn write_row<'a>(
        &self,
        f: &mut fmt::Formatter<'_>,
        widths: &[usize],
        cells: impl Iterator<Item = &'a String>,
    ) -> fmt::Result {
        let mut line = " ".repeat(self.indent);
        for (index, ((cell, widest), (_, align))) in
            cells.zip(widths).zip(&self.columns).enumerate()
        {
            if index > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let padding = " ".repeat(widest.saturating_sub(width(cell)));
            match align {
                Align::Left => line.extend([cell.as_str(), &padding]),
                Align::Right => line.extend([padding.as_str(), cell]),
            }
        }
        writeln!(f, "{}", line.trim_end())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        if self.columns.iter().any(|(name, _)| !name.is_empty()) {
            self.write_row(f, &widths, self.columns.iter().map(|(name, _)| name))?;
        }
        for row in &self.rows {
            self.write_row(f, &widths, row.iter())?;
        }
        Ok(())
    }
}

/// Columns that a terminal needs for the text.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// The text, or as much of it as fits in `columns` with an ellipsis; a consonant is never parted
/// from its marks.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += char_width(c);
        if used + 1 > columns {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Terminals draw sara am as a mark and a letter in one column; control characters take none.
fn char_width(c: char) -> usize {
    match c {
        '\u{0e33}' | '\u{0eb3}' => 1,
        c => c.width().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_above_and_below_take_no_column() {
        assert_eq!(width("กี่"), 1);
        assert_eq!(width("ยุทธศาสตร์"), 8);
        assert_eq!(width("น้ำ"), 2);
        assert_eq!(width("TH-90"), 5);
        assert_eq!(width("พึ่ง"), 2);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(&[("ชื่อ", Align::Left), ("N", Align::Right), ("x", Align::Left)]);
        table.row(["กระบี่".to_owned(), "7".to_owned(), "end".to_owned()]);
        table.row(["TH".to_owned(), "1,234".to_owned(), "a\nb".to_owned()]);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let ends: Vec<usize> = lines
            .iter()
            .map(|line| width(line.rsplit_once("  ").unwrap().0))
            .collect();
        assert_eq!(ends, [11, 11, 11]);
        assert!(lines[2].ends_with("a ⏎ b"));
    }

    #[test]
    fn shortening_never_parts_a_letter_from_its_marks() {
        assert_eq!(shorten("ที่นี่", 3), "ที่นี่");
        assert_eq!(shorten("กี่กี่กี่", 2), "กี่…");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abc", 3), "abc");
    }
}
