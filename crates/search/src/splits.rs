//! The places where words can be divided or joined.

use super::query::{PartPlaces, QueryUnit, joined_of};

/// The minimum length of each part of a divided word, in characters, unless one is a number.
const MIN_PART_CHARS: usize = 2;
/// The minimum length of a word that a letter before it joins, in characters: not `a b`, `i am`.
const MIN_CHARS_AFTER_LETTER: usize = 3;
/// The minimum length of the parts of a word that documents contain, in characters: shorter ones are often no words.
const MIN_PART_CHARS_OF_KNOWN: usize = 3;
/// Stop words that are also parts of words: `log in`, `YouTube`. Articles and pronouns are not: `the rapist`.
///
/// English ones, then those of German, then of Dutch and the languages of Scandinavia.
const PARTICLES: &[&str] = &[
    "up", "in", "on", "off", "out", "over", "under", "down", "after", "by", "through", "you", "every",
    "some", "any", "ab", "auf", "aus", "bei", "mit", "nach", "uber", "unter", "vor", "zu", "aan", "af", "op",
    "til", "uit",
];
/// A letter that precedes words of any kind: `a way` is not `away`.
const ARTICLE: &str = "a";
/// The maximum length of a unit after a number, in characters.
const MAX_UNIT_CHARS: usize = 2;
/// Longer words are not divided.
const MAX_CHARS: usize = 40;

/// Neighbours that some document writes as one word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JoinedNeighbours {
    /// The index of the first.
    pub(crate) first: usize,
    /// Their number: two or three.
    pub(crate) units: usize,
    pub(crate) word: String,
}

/// Returns the neighbours that some document writes as one word.
///
/// `has_word` tells whether a document contains a word, or with `true` one that begins with it.
pub(crate) fn joined_neighbours<E>(
    units: &[QueryUnit],
    informative: &[bool],
    ends_in_prefix: bool,
    has_word: impl Fn(&str, bool) -> Result<bool, E>,
) -> Result<Vec<JoinedNeighbours>, E> {
    let mut joined = Vec::new();
    let mut at = 0;
    while at + 1 < units.len() {
        let (Some(first), QueryUnit::Word(second)) = (word_of(&units[at]), &units[at + 1]) else {
            at += 1;
            continue;
        };
        if let Some(word) = three_words(&units[at..], &informative[at..])
            && has_word(&word, ends_in_prefix && at + 3 == units.len())?
        {
            joined.push(JoinedNeighbours { first: at, units: 3, word });
            at += 3;
            continue;
        }
        let is_prefix = ends_in_prefix && at + 2 == units.len();
        if may_join(first, &second.text, [informative[at], informative[at + 1]]) {
            let word = format!("{first}{}", second.text);
            if has_word(&word, is_prefix)? {
                joined.push(JoinedNeighbours { first: at, units: 2, word });
                at += 1;
            }
        }
        at += 1;
    }
    Ok(joined)
}

/// Returns the first three words as one: programs name things so, such as `XMLHttpRequest`.
fn three_words(units: &[QueryUnit], informative: &[bool]) -> Option<String> {
    let [QueryUnit::Word(first), QueryUnit::Word(second), QueryUnit::Word(third), ..] = units else {
        return None;
    };
    let words = [first, second, third].map(|word| word.text.as_str());
    let are_words =
        words.iter().all(|word| word.is_ascii() && word.len() >= MIN_CHARS_AFTER_LETTER && !is_number(word));
    (are_words && informative[..3].iter().all(|is| *is)).then(|| words.concat())
}

/// Returns a word, or the number that a compound stands for: `1500` of `1,500`.
fn word_of(unit: &QueryUnit) -> Option<&str> {
    match unit {
        QueryUnit::Word(word) => Some(&word.text),
        QueryUnit::Compound(parts, spellings)
            if PartPlaces::of(parts, spellings) == PartPlaces::SideBySide =>
        {
            joined_of(spellings).filter(|joined| is_number(joined))
        }
        QueryUnit::Compound(..) | QueryUnit::Unspaced(..) | QueryUnit::Phrase(_) => None,
    }
}

/// Returns true if two neighbours may be one word.
///
/// `informative` holds for each whether it carries information. A letter joins the word after it even if it
/// carries none: `i pad`, `e mail`.
fn may_join(first: &str, second: &str, informative: [bool; 2]) -> bool {
    let (a, b) = (is_number(first), is_number(second));
    let (length, next_length) = (first.chars().count(), second.chars().count());
    let is_letter = length == 1 && !a && first != ARTICLE;
    // Among the units of numbers are words without information: `50 m`, `16 A`, `10 in`.
    if a && !b && next_length <= MAX_UNIT_CHARS {
        return true;
    }
    if !(informative[0] || informative[1] || is_letter) {
        return false;
    }
    let is_part = |at: usize, word: &str| informative[at] || is_particle(word);
    if !is_part(1, second) || !(is_part(0, first) || is_letter) || is_letter && !informative[1] {
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

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word)
}

/// Returns true for a word of digits only.
pub(crate) fn is_number(word: &str) -> bool {
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
        let is_code_boundary = divides_code(first, c);
        let is_long = |part: &str| part.chars().count() >= MIN_PART_CHARS;
        let is_topic = |part: &str| !is_stop_word(part);
        let is_part = |part: &str| is_topic(part) || is_particle(part);
        let are_words = || {
            is_long(first)
                && is_long(second)
                && is_part(first)
                && is_part(second)
                && (is_topic(first) || is_topic(second))
        };
        (is_code_boundary || are_words()).then_some((first, second))
    })
}

/// Returns the pairs of words into which a word that documents contain can be divided: both spellings are usual.
///
/// A word of letters and digits is divided at its only boundary between both.
pub(crate) fn divisions_of_known<'w>(
    word: &'w str,
    is_stop_word: impl Fn(&str) -> bool + Copy + 'w,
) -> impl Iterator<Item = (&'w str, &'w str)> + 'w {
    let is_part = move |part: &str| part.chars().count() >= MIN_PART_CHARS_OF_KNOWN && !is_stop_word(part);
    let is_code = word.chars().any(char::is_numeric);
    let words = divisions(word, is_stop_word)
        .filter(move |(first, second)| !is_code && is_part(first) && is_part(second));
    code_division(word).into_iter().chain(words)
}

/// Returns true between a letter and a digit.
pub(crate) fn divides_code(before: &str, next: char) -> bool {
    before.chars().next_back().is_some_and(char::is_numeric) != next.is_numeric()
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
    fn words_are_divided_between_words_with_a_topic_and_particles() {
        let is_stop_word = |word: &str| matches!(word, "the" | "in" | "up" | "to" | "on");
        for (word, expected, of_known) in [
            ("website", "web site", true),
            ("login", "log in", false),
            ("therapist", "the rapist", false),
            ("upon", "up on", false),
            ("teapot", "tea pot", true),
            ("wd40", "wd 40", true),
            ("abc123", "abc 123", true),
        ] {
            let (first, second) = expected.split_once(' ').unwrap();
            let is_divided = divisions(word, is_stop_word).any(|parts| parts == (first, second));
            assert_eq!(is_divided, !matches!(word, "therapist" | "upon"), "{word}");
            let is_divided = divisions_of_known(word, &is_stop_word).any(|parts| parts == (first, second));
            assert_eq!(is_divided, of_known, "{word}");
        }
        assert_eq!(divisions_of_known("abc123", &is_stop_word).count(), 1, "each once");
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
            ("log in", [true, false], true),
            ("set up", [true, false], true),
            ("you tube", [false, true], true),
            ("ab holen", [false, true], true),
            ("in on", [false, false], false),
            ("man or", [true, false], false),
            ("so lid", [false, true], false),
        ] {
            let units = ParsedQuery::parse(text).included;
            let [QueryUnit::Word(first), QueryUnit::Word(second)] = units.as_slice() else {
                panic!("{text} has two words");
            };
            assert_eq!(may_join(&first.text, &second.text, informative), expected, "{text}");
        }
    }
}
