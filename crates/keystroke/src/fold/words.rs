//! The words of a text whose results were shown: a typo is corrected, another word is another search. Pure.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::edits::{is_swap, is_within, shared_prefix, shared_suffix};
use quarry_domain::{comparison_key, is_accent};

/// The minimum length of a word in which an additional or a missing letter is a typo.
const ADDED_LETTERS: usize = 5;
/// The minimum length of a word in which a wrong letter is a typo: `boots` and `books` are words.
const WRONG_LETTERS: usize = 6;
/// The minimum length of a word in which two edits are a typo.
const TWO_EDITS_LETTERS: usize = 8;

/// Returns true if `text` has all words of `earlier`, in order.
///
/// They may have more letters at the end, or be typos that are corrected, and others may be added anywhere. Another
/// number is another word, and so are letters in front: `men`, `women`.
pub(super) fn keeps_words(earlier: &str, text: &str) -> bool {
    let (before, now) = (words(earlier), words(text));
    let shared = shared_prefix(&before, &now);
    let (before, now) = (&before[shared..], &now[shared..]);
    let shared = shared_suffix(before, now);
    let (before, now) = (&before[..before.len() - shared], &now[..now.len() - shared]);
    let mut rest = now.iter();
    before.iter().all(|word| rest.any(|other| keeps_word(word, other)))
        // White space that was forgotten or removed.
        || !now.is_empty() && keeps_word(&before.concat(), &now.concat())
}

/// Returns true if each word of `earlier` is one of `text`, or begins one: a suggestion was accepted.
///
/// A number is another one if it is longer.
pub(super) fn is_completed_by(earlier: &str, text: &str) -> bool {
    if is_fragment(&comparison_key(earlier)) {
        return false;
    }
    let (before, mut now) = (words(earlier), words(text));
    let begins = |word: &str, other: &str| {
        let is_number = word.contains(|char: char| char.is_numeric());
        if is_number { other == word } else { other.starts_with(word) }
    };
    before.iter().all(|word| match now.iter().position(|other| begins(word, other)) {
        Some(at) => {
            now.remove(at);
            true
        }
        None => false,
    })
}

/// Returns true if `text` has all words of `earlier` but one, in order, and other words in its place.
pub(super) fn replaces_one_word(earlier: &str, text: &str) -> bool {
    let (before, now) = (words(earlier), words(text));
    let first = shared_prefix(&before, &now);
    let last = shared_suffix(&before[first..], &now[first..]);
    first + last > 0 && first + last + 1 == before.len() && now.len() >= first + last
}

/// Returns true if `text` is left of `earlier` after words were deleted, at any positions.
///
/// Each Chinese character is a word.
pub(super) fn drops_words(earlier: &str, text: &str) -> bool {
    let (before, now) = (words_and_characters(earlier), words_and_characters(text));
    let mut rest = before.iter();
    !now.is_empty() && now.len() < before.len() && now.iter().all(|word| rest.any(|other| other == word))
}

/// Returns true if only numbers differ, each in the place of another one: `1.8 m`, `18 m`.
pub(super) fn changes_numbers(earlier: &str, text: &str) -> bool {
    let (before, now) = (words(earlier), words(text));
    let changes = |(one, other): &(&String, &String)| {
        let (one, other) = (numbers(one), numbers(other));
        !other.is_empty() && one.len() == other.len() && one != other
    };
    before.len() == now.len()
        && before != now
        && before.iter().zip(&now).filter(|(one, other)| one != other).all(|pair| changes(&pair))
}

/// The numbers of a word, without separators of thousands.
fn numbers(word: &str) -> Vec<String> {
    let is_part = |char: char| char.is_numeric() || matches!(char, '.' | ',');
    let parts = word.split(|char| !is_part(char)).map(|part| part.trim_matches(['.', ',']));
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let mut number = String::new();
            for group in part.split_inclusive(['.', ',']) {
                let is_thousand =
                    !number.is_empty() && group.chars().filter(|char| char.is_numeric()).count() == 3;
                number.truncate(if is_thousand { number.len() - 1 } else { number.len() });
                number.push_str(group);
            }
            number
        })
        .collect()
}

fn words_and_characters(text: &str) -> Vec<String> {
    let parts = words(text).into_iter().flat_map(|word| {
        let is_divided = word.contains(is_han);
        let parts: Vec<String> = match is_divided {
            true => word.graphemes(true).map(str::to_owned).collect(),
            false => vec![word],
        };
        parts
    });
    parts.collect()
}

/// Returns true for a text without words, numbers and symbols such as emoji, which finds nothing.
pub(super) fn is_punctuation(text: &str) -> bool {
    static PUNCTUATION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{P}\p{Z}\p{C}!-/:-@\[-`{-~]*$").expect("the pattern is valid"));
    PUNCTUATION.is_match(text)
}

/// The letters of a key without the marks that a keyboard may add later.
pub(super) fn plain_letters(key: &str) -> String {
    let plain = key.nfd().filter(|char| !is_accent(*char));
    plain.map(|char| if char == 'đ' { 'd' } else { char }).collect()
}

/// Returns true for a text of one or two letters that is no word of a script of syllables or characters.
pub(super) fn is_fragment(key: &str) -> bool {
    let is_letter =
        |char: char| char.is_ascii() || is_accent(char) || char.is_alphanumeric() && !is_syllable(char);
    key.graphemes(true).nth(2).is_none() && key.chars().all(is_letter)
}

fn words(text: &str) -> Vec<String> {
    let keys = text.split_whitespace().map(comparison_key);
    keys.filter(|key| !key.is_empty())
        .map(|key| if key.is_ascii() { key } else { plain_letters(&key) })
        .collect()
}

fn keeps_word(earlier: &str, text: &str) -> bool {
    let (before, now): (Vec<&str>, Vec<&str>) =
        (earlier.graphemes(true).collect(), text.graphemes(true).collect());
    let is_number = |char: &char| char.is_numeric();
    if earlier.contains(|char: char| char.is_numeric())
        && !earlier.chars().filter(is_number).eq(text.chars().filter(is_number))
    {
        return false;
    }
    if now.starts_with(&before) {
        return true;
    }
    // The rest of a word may be added to a typo.
    let mut ends = before.len().saturating_sub(2)..=now.len().min(before.len() + 2);
    is_typo(&before, &now) || ends.any(|end| is_typo(&before, &now[..end]))
}

/// Returns true if few letters of a long word differ, not the first, or two are swapped.
fn is_typo(before: &[&str], now: &[&str]) -> bool {
    let shorter = before.len().min(now.len());
    let are_letters = |word: &[&str]| word.iter().all(|letter| !letter.chars().any(is_no_letter));
    if shorter < 2 || !are_letters(before) || !are_letters(now) {
        return false;
    }
    if before.len() == now.len() && is_swap(before, now) {
        return true;
    }
    let is_other_length = before.len() != now.len();
    let edits = match shorter {
        TWO_EDITS_LETTERS.. => 2,
        WRONG_LETTERS.. => 1,
        ADDED_LETTERS.. if is_other_length => 1,
        _ => 0,
    };
    before[0] == now[0] && is_within(before, now, edits)
}

/// Returns true for numbers and for characters that are words, which are no typos of others.
fn is_no_letter(char: char) -> bool {
    char.is_numeric() || is_han(char)
}

fn is_han(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{2fdf}' | '々' | '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Returns true for Han, kana, and complete syllables of Hangul.
fn is_syllable(char: char) -> bool {
    is_han(char) || matches!(char, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '가'..='힣')
}
