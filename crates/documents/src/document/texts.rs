//! The texts of a document that a search looks at.

use super::summary::Summary;
use crate::leaves::Leaves;
use crate::limits::SEARCHED_BYTES_MAX;
use crate::path;
use crate::search::Texts;

/// Fields by which people call a document.
const NAMES: [&str; 4] = ["title", "name", "short", "aliases"];

/// Longest text without a space or a letter beyond ASCII that somebody may search for; longer ones
/// are ids and hashes.
const CODE_BYTES_MAX: usize = 32;

/// What is shown as the title comes first. What is beyond [`SEARCHED_BYTES_MAX`] is left out.
pub(super) fn texts_of(summary: &Summary, leaves: &Leaves) -> Texts {
    let mut texts = Texts::default();
    let mut left = SEARCHED_BYTES_MAX;
    add(&mut texts.names, &summary.title, &mut left);
    for (key, value) in leaves.iter().filter(|(key, _)| !path::is_structure(key)) {
        let Some(text) = value.as_str().filter(|text| *text != summary.title) else {
            continue;
        };
        match NAMES.contains(&path::first_segment(key)) {
            true => add(&mut texts.names, text, &mut left),
            false => add(&mut texts.body, text, &mut left),
        }
    }
    texts
}

fn add(to: &mut String, text: &str, left: &mut usize) {
    if text.is_empty() || text.len() >= *left || is_code(text) {
        return;
    }
    *left -= text.len() + 1;
    if !to.is_empty() {
        to.push('\n');
    }
    to.push_str(text);
}

fn is_code(text: &str) -> bool {
    text.len() > CODE_BYTES_MAX && text.is_ascii() && !text.contains(' ')
}
