//! What is shown of a match: a piece of the text as written, with the places that matched.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::query::Query;
use crate::text::Folded;

/// Characters, as a reader sees them, before the first match.
const BEFORE: usize = 24;

/// Characters, as a reader sees them, of a whole excerpt: a line of a terminal.
const WHOLE: usize = 80;

/// A piece of one line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// As written.
    pub text: String,
    /// Bytes of it that matched, ascending and apart; never a part of a character that a reader
    /// sees as one.
    pub marks: Vec<Range<usize>>,
    /// Something of the line stands before it.
    pub cut_before: bool,
    /// Something of the line stands behind it.
    pub cut_behind: bool,
}

/// The piece of the line that has most words of the query; of several the first. `None` when no
/// line has any.
pub fn excerpt<'a>(query: &Query, lines: impl Iterator<Item = &'a str>) -> Option<Excerpt> {
    let mut best: Option<(usize, &str, Vec<Range<usize>>)> = None;
    for line in lines {
        let (words, marks) = marks(query, line);
        if words > best.as_ref().map_or(0, |(most, ..)| *most) {
            best = Some((words, line, marks));
        }
    }
    best.map(|(_, line, marks)| cut(line, &marks))
}

/// A whole line.
pub fn marked(query: &Query, line: &str) -> Excerpt {
    Excerpt {
        text: line.to_owned(),
        marks: marks(query, line).1,
        cut_before: false,
        cut_behind: false,
    }
}

/// How many words of the query a line has, and where.
fn marks(query: &Query, line: &str) -> (usize, Vec<Range<usize>>) {
    let folded = Folded::of(line);
    let (mut words, mut found) = (0, Vec::new());
    for word in query.words() {
        let before = found.len();
        found.extend(
            word.places(folded.chars())
                .map(|place| folded.source(place)),
        );
        words += usize::from(found.len() > before);
    }
    (words, whole_characters(line, found))
}

/// Ranges that are widened to what a reader sees as characters, and put together where they touch.
fn whole_characters(line: &str, mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut ranges = ranges.into_iter().peekable();
    let (mut merged, mut matched_to): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    for (at, character) in line.grapheme_indices(true) {
        let end = at + character.len();
        while let Some(range) = ranges.next_if(|range| range.start < end) {
            matched_to = matched_to.max(range.end);
        }
        if matched_to <= at {
            continue;
        }
        match merged.last_mut().filter(|last| last.end == at) {
            Some(last) => last.end = end,
            None => merged.push(at..end),
        }
    }
    merged
}

fn cut(line: &str, marks: &[Range<usize>]) -> Excerpt {
    let first = marks.first().map_or(0, |mark| mark.start);
    let before = line[..first].graphemes(true).rev().take(BEFORE);
    let from = first - before.map(str::len).sum::<usize>();
    let whole = line[from..].graphemes(true).take(WHOLE);
    let to = from + whole.map(str::len).sum::<usize>();
    let within = |mark: &Range<usize>| {
        let mark = mark.start.max(from)..mark.end.min(to);
        (mark.start < mark.end).then(|| mark.start - from..mark.end - from)
    };
    Excerpt {
        text: line[from..to].to_owned(),
        marks: marks.iter().filter_map(within).collect(),
        cut_before: from > 0,
        cut_behind: to < line.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Abbreviations;
    use proptest::prelude::*;

    fn marked(query: &str, text: &str) -> Vec<String> {
        let query = Query::parse(query, &Abbreviations::default()).unwrap();
        let Some(found) = excerpt(&query, text.lines()) else {
            return Vec::new();
        };
        let marks = found.marks.into_iter();
        marks.map(|mark| found.text[mark].to_owned()).collect()
    }

    #[test]
    fn what_matched_is_marked_as_it_was_written() {
        assert_eq!(marked("กำหนด", "แผนกํ\u{0e32}หนดการ"), ["กํ\u{0e32}หนด"]);
        assert_eq!(marked("รพสต", "ที่ รพ.สต.บ้านควนโส"), ["รพ.สต"]);
        assert_eq!(marked("ให้", "เพื่อใ้ห้"), ["ใ้ห้"]);
        assert_eq!(marked("สช", "สวรส.\nและ สช."), ["สช"]);
        assert_eq!(marked("ตาก", "ขอนแก่น"), [""; 0]);
    }

    #[test]
    fn the_line_with_most_words_is_shown_around_the_first_of_them() {
        let long = "ก".repeat(100);
        let text = format!("แผน\n{long}แผนสุขภาพ{long}");
        let query = Query::parse("แผน สุขภาพ", &Abbreviations::default()).unwrap();
        let found = excerpt(&query, text.lines()).unwrap();
        assert!(found.cut_before && found.cut_behind);
        assert_eq!(found.text.graphemes(true).count(), WHOLE);
        assert_eq!(found.text.find("แผน"), Some(BEFORE * 3));
    }

    proptest! {
        #[test]
        fn marks_and_cuts_never_split_what_a_reader_sees_as_one(
            text in "([กขค][ิี่้ํำา์]{0,3}|[เแ .a]){0,120}",
            query in "[กขค][กขคิ่ำ]{1,2}",
        ) {
            let Ok(query) = Query::parse(&query, &Abbreviations::default()) else { return Ok(()) };
            let Some(found) = excerpt(&query, text.lines()) else { return Ok(()) };
            let at: Vec<usize> = found.text.grapheme_indices(true).map(|(at, _)| at).collect();
            let is_edge = |place: usize| place == found.text.len() || at.contains(&place);
            for mark in &found.marks {
                prop_assert!(is_edge(mark.start) && is_edge(mark.end) && mark.start < mark.end);
            }
            prop_assert!(text.contains(&found.text));
        }
    }
}
