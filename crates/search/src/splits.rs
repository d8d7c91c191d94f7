//! The places where words can be divided or joined.

use super::query::QueryWord;

/// The minimum length of each part of a divided word, in characters, unless one is a number.
const MIN_PART_CHARS: usize = 2;
/// Longer words are not divided.
const MAX_CHARS: usize = 40;

/// Returns true if two neighbours may be one word.
pub(crate) fn may_join(first: &QueryWord, second: &QueryWord) -> bool {
    let (a, b) = (is_number(&first.text), is_number(&second.text));
    // Two numbers side by side are two numbers.
    a != b || (!a && [first, second].iter().all(|word| word.text.chars().count() >= MIN_PART_CHARS))
}

fn is_number(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

/// Returns the pairs of words into which a word can be divided.
pub(crate) fn divisions<'w>(
    word: &'w str,
    is_stop_word: impl Fn(&str) -> bool + 'w,
) -> impl Iterator<Item = (&'w str, &'w str)> + 'w {
    let is_divisible = word.chars().count() <= MAX_CHARS && !is_number(word);
    let ends = word.char_indices().skip(1).filter(move |_| is_divisible);
    ends.filter_map(move |(at, c)| {
        let (first, second) = word.split_at(at);
        let before = first.chars().next_back().is_some_and(char::is_numeric);
        let is_code_boundary = before != c.is_numeric();
        let is_long = |part: &str| part.chars().count() >= MIN_PART_CHARS && !is_stop_word(part);
        (is_code_boundary || is_long(first) && is_long(second)).then_some((first, second))
    })
}
