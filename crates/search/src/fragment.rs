//! The part of a long text that represents it best.

use std::collections::HashMap;
use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use super::analysis::Word;

/// The share of a fragment before its first match: one in this number.
const LEAD: usize = 5;
/// Bytes between matches that are near each other.
const NEAR_BYTES: usize = 2;

/// A match in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextMatch {
    /// The same for all matches of one term.
    term: String,
    is_phrase: bool,
    pub(crate) range: Range<usize>,
}

impl TextMatch {
    pub(crate) fn new(term: String, range: Range<usize>) -> Self {
        Self { term, is_phrase: false, range }
    }

    /// Creates a match of a word within a phrase.
    pub(crate) fn of_phrase(word: &str, range: Range<usize>) -> Self {
        Self { term: word.to_owned(), is_phrase: true, range }
    }
}

/// The value of a fragment: distinct terms, then matches side by side, then all matches.
type Score = (usize, usize, usize);

/// Returns the part of a text with at most `length` characters and the best matches, which are in order.
///
/// It begins and ends between words, or within a match that is longer.
pub(crate) fn best_fragment(
    text: &str,
    words: &[Word<'_>],
    matches: &[TextMatch],
    length: usize,
) -> Range<usize> {
    if text.len() <= length || text.chars().count() <= length {
        return 0..text.len();
    }
    let span = best_span(text, matches, length);
    let lead = (length - text[span.clone()].chars().count().min(length)).min(length / LEAD);
    let mut from = back(text, span.start, lead);
    let mut to = forward(text, from, length);
    if to == text.len() {
        // The end of the text is shown in full length.
        from = back(text, text.len(), length).min(span.start);
    }
    if from > 0 {
        let starts =
            words.iter().map(|word| word.start).filter(|&start| start >= from && start <= span.start);
        from = starts
            .clone()
            .find(|&start| is_open(text, start))
            .or_else(|| starts.clone().next())
            .unwrap_or(span.start);
    }
    to = to.max(from);
    if to < text.len() {
        let inside = words.partition_point(|word| word.end <= to);
        let ends = words[..inside].iter().rev().map(|word| word.end).take_while(|&end| end >= span.end);
        to = ends.clone().find(|&end| is_open(text, end)).or_else(|| ends.clone().next()).unwrap_or(to);
    }
    grapheme_start(text, from)..grapheme_end(text, to)
}

/// Returns the range from the first to the last match of the best fragment.
fn best_span(text: &str, matches: &[TextMatch], length: usize) -> Range<usize> {
    let chars = char_offsets(text, matches);
    let mut best: (Score, Range<usize>) = ((0, 0, 0), 0..0);
    let mut terms: HashMap<&str, usize> = HashMap::new();
    let (mut first, mut pairs) = (0, 0);
    for (last, found) in matches.iter().enumerate() {
        *terms.entry(&found.term).or_default() += 1;
        pairs += last.checked_sub(1).map_or(0, |before| usize::from(is_pair(text, &matches[before], found)));
        while first < last && chars[last].end.saturating_sub(chars[first].start) > length {
            if let Some(count) = terms.get_mut(matches[first].term.as_str()) {
                *count -= 1;
                if *count == 0 {
                    terms.remove(matches[first].term.as_str());
                }
            }
            pairs -= usize::from(is_pair(text, &matches[first], &matches[first + 1]));
            first += 1;
        }
        let score = (terms.len(), pairs, last + 1 - first);
        if score > best.0 {
            best = (score, found_range(matches, first, last));
        }
    }
    best.1
}

fn found_range(matches: &[TextMatch], first: usize, last: usize) -> Range<usize> {
    matches[first].range.start..matches[last].range.end
}

/// Returns true for words of a phrase, and for different words side by side.
fn is_pair(text: &str, before: &TextMatch, after: &TextMatch) -> bool {
    let Some(gap) = text.get(before.range.end..after.range.start) else { return false };
    gap.len() <= NEAR_BYTES && (before.term != after.term || before.is_phrase && after.is_phrase)
}

/// Returns the ranges of matches in characters.
fn char_offsets(text: &str, matches: &[TextMatch]) -> Vec<Range<usize>> {
    let (mut bytes, mut chars) = (0, 0);
    let of = |found: &TextMatch| {
        // In order of their starts.
        chars += text[bytes..found.range.start].chars().count();
        bytes = found.range.start;
        chars..chars + text[found.range.clone()].chars().count()
    };
    matches.iter().map(of).collect()
}

/// Returns true between white space and a word, and between characters that no spaces separate.
fn is_open(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    is_space(before) || is_space(after)
}

fn back(text: &str, from: usize, chars: usize) -> usize {
    text[..from].char_indices().rev().take(chars).last().map_or(from, |(at, _)| at)
}

fn forward(text: &str, from: usize, chars: usize) -> usize {
    text[from..].char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
}

/// Returns the last boundary of grapheme clusters up to an offset.
fn grapheme_start(text: &str, at: usize) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
        _ => at,
    }
}

/// Returns the first boundary of grapheme clusters from an offset on.
fn grapheme_end(text: &str, at: usize) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len()),
        _ => at,
    }
}
