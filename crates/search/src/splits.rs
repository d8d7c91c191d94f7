//! The places where words can be divided or joined.

use super::query::{QueryUnit, QueryWord};

/// The minimum length of each part of a divided word, in characters, unless one is a number.
const MIN_PART_CHARS: usize = 2;
/// The minimum length of a word that a letter before it joins, in characters: not `a b`, `i am`.
const MIN_CHARS_AFTER_LETTER: usize = 3;
/// A letter that precedes words of any kind: `a way` is not `away`.
const ARTICLE: &str = "a";
/// The maximum length of a unit after a number, in characters.
const MAX_UNIT_CHARS: usize = 2;
/// Longer words are not divided.
const MAX_CHARS: usize = 40;

/// Returns the neighbours that some document writes as one word: the index of the first, and the word.
///
/// `has_word` tells whether a document contains a word, or with `true` one that begins with it.
pub(crate) fn joined_neighbours<E>(
    units: &[QueryUnit],
    informative: &[bool],
    ends_in_prefix: bool,
    has_word: impl Fn(&str, bool) -> Result<bool, E>,
) -> Result<Vec<(usize, String)>, E> {
    let mut joined = Vec::new();
    let mut at = 0;
    while at + 1 < units.len() {
        let (QueryUnit::Word(first), QueryUnit::Word(second)) = (&units[at], &units[at + 1]) else {
            at += 1;
            continue;
        };
        let is_prefix = ends_in_prefix && at + 2 == units.len();
        if may_join(first, second, [informative[at], informative[at + 1]]) {
            let word = format!("{}{}", first.text, second.text);
            if has_word(&word, is_prefix)? {
                joined.push((at, word));
                at += 1;
            }
        }
        at += 1;
    }
    Ok(joined)
}

/// Returns true if two neighbours may be one word.
///
/// `informative` holds for each whether it carries information. A letter joins the word after it even if it
/// carries none: `i pad`, `e mail`.
fn may_join(first: &QueryWord, second: &QueryWord, informative: [bool; 2]) -> bool {
    let (a, b) = (is_number(&first.text), is_number(&second.text));
    let (length, next_length) = (first.text.chars().count(), second.text.chars().count());
    let is_letter = length == 1 && !a && first.text != ARTICLE;
    // Among the units of numbers are words without information: `50 m`, `16 A`, `10 in`.
    if a && !b && next_length <= MAX_UNIT_CHARS {
        return true;
    }
    if !informative[1] || !(informative[0] || is_letter) {
        return false;
    }
    if a || b {
        // Two numbers side by side are two numbers.
        return a != b;
    }
    if is_letter {
        return next_length >= MIN_CHARS_AFTER_LETTER;
    }
    length.min(next_length) >= MIN_PART_CHARS
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

/// Divides a word of letters and digits at its only boundary between both: `12v`, `iphone15`, not `b2b`.
///
/// Both spellings are usual, so that neither is a typo.
pub(crate) fn code_division(word: &str) -> Option<(&str, &str)> {
    let is_boundary = |pair: &(usize, char, char)| pair.1.is_numeric() != pair.2.is_numeric();
    let pairs =
        word.char_indices().zip(word.chars().skip(1)).map(|((at, c), next)| (at + c.len_utf8(), c, next));
    let mut boundaries = pairs.filter(is_boundary);
    let (at, ..) = boundaries.next()?;
    (boundaries.next().is_none() && word.chars().all(char::is_alphanumeric)).then(|| word.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::super::query::ParsedQuery;
    use super::*;

    #[test]
    fn codes_are_divided_at_their_only_boundary() {
        for (word, expected) in [
            ("12v", Some(("12", "v"))),
            ("iphone15", Some(("iphone", "15"))),
            ("b2b", None),
            ("1a2", None),
            ("abc", None),
            ("123", None),
            ("1⁄2", None),
            ("", None),
        ] {
            assert_eq!(code_division(word), expected, "{word}");
        }
    }

    #[test]
    fn letters_join_the_word_after_them() {
        for (text, informative, expected) in [
            ("i pad", [false, true], true),
            ("e mail", [true, true], true),
            ("x ray", [true, true], true),
            ("i 7", [false, true], true),
            ("t shirt", [true, true], true),
            ("ice cream", [true, true], true),
            ("16 gb", [true, true], true),
            ("a way", [false, true], false),
            ("a b", [true, true], false),
            ("i am", [false, false], false),
            ("i want", [false, false], false),
            ("u k", [true, true], false),
            ("vitamin c", [true, true], false),
            ("the rapist", [false, true], false),
            ("16 32", [true, true], false),
            ("50 m", [true, false], true),
            ("10 in", [true, false], true),
            ("50 the", [true, false], false),
        ] {
            let units = ParsedQuery::parse(text).included;
            let [QueryUnit::Word(first), QueryUnit::Word(second)] = units.as_slice() else {
                panic!("{text} has two words");
            };
            assert_eq!(may_join(first, second, informative), expected, "{text}");
        }
    }
}
