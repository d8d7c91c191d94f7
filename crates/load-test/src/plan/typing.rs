//! Typing styles: the contents of the search box after each keystroke of a text.
//!
//! Each style ends with the text, and by the specification of a search, only the text is stored.

use rand::{Rng, RngExt};

use crate::words::{folded_letters, graphemes, wrong_letter};

/// The fewest letters before a slip.
///
/// With at most [`MAX_LETTERS_AFTER_SLIP`] letters after it, the correct prefix is more than half of the text, so
/// that the server must treat the next keystrokes as a correction.
const MIN_LETTERS_BEFORE_SLIP: usize = 5;
const MAX_LETTERS_AFTER_SLIP: usize = 2;
/// The fewest letters of a text in which one edit is always a correction.
const MIN_CORRECTABLE_LETTERS: usize = 8;

/// A typing style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypingStyle {
    /// Letter by letter.
    Plain,
    /// All at once.
    Pasted,
    /// White space first.
    Indented,
    /// A wrong letter, up to two more, backspaces, and the correct letters.
    Slip,
    /// A missing letter in the middle, inserted at the end.
    Omission,
    /// An extra letter in the middle, removed at the end.
    Surplus,
    /// A missing space between words, inserted later.
    LostSpace,
}

impl TypingStyle {
    /// Returns true if the style applies to the text.
    pub(super) fn suits(self, text: &str) -> bool {
        match self {
            Self::Plain | Self::Pasted | Self::Indented => true,
            Self::Slip => !slip_positions(text).is_empty(),
            Self::Omission | Self::Surplus => !correctable_positions(text).is_empty(),
            Self::LostSpace => spaces(text).is_some(),
        }
    }

    /// The contents of the search box after each keystroke.
    pub(super) fn type_text(self, text: &str, rng: &mut impl Rng) -> Vec<String> {
        match self {
            Self::Plain => letters(text, 0),
            Self::Pasted => vec![text.to_owned()],
            Self::Indented => {
                let mut contents = vec![" ".to_owned()];
                contents.extend(letters(text, 0).into_iter().map(|content| format!(" {content}")));
                contents
            }
            Self::Slip => slip(text, rng),
            Self::Omission => {
                let all = graphemes(text);
                let at = one_of(&correctable_positions(text), rng);
                let mut contents = letters(&[&all[..at], &all[at + 1..]].concat().concat(), 0);
                contents.push(text.to_owned());
                contents
            }
            Self::Surplus => {
                let all = graphemes(text);
                let at = one_of(&correctable_positions(text), rng);
                let letter = wrong_letter(all[at], rng);
                let mut contents =
                    letters(&format!("{}{letter}{}", all[..at].concat(), all[at..].concat()), 0);
                contents.push(text.to_owned());
                contents
            }
            Self::LostSpace => lost_space(text),
        }
    }
}

/// The contents from the first letter after `standing` to the end, letter by letter.
pub(super) fn letters(text: &str, standing: usize) -> Vec<String> {
    let all = graphemes(text);
    (standing + 1..=all.len()).map(|end| all[..end].concat()).collect()
}

/// The contents after each backspace, until `left` letters remain.
pub(super) fn backspaces(text: &str, left: usize) -> Vec<String> {
    let all = graphemes(text);
    (left..all.len()).rev().map(|end| all[..end].concat()).collect()
}

fn slip(text: &str, rng: &mut impl Rng) -> Vec<String> {
    let all = graphemes(text);
    let at = one_of(&slip_positions(text), rng);
    let right = all[..at].concat();
    let mut contents = letters(&right, 0);
    let mut wrong = format!("{right}{}", wrong_letter(all[at], rng));
    contents.push(wrong.clone());
    for letter in &all[at + 1..=at + rng.random_range(0..=MAX_LETTERS_AFTER_SLIP)] {
        wrong.push_str(letter);
        contents.push(wrong.clone());
    }
    contents.extend(backspaces(&wrong, at));
    contents.extend(letters(text, at));
    contents
}

/// The positions at which a slip is always a correction, and the text outgrows it.
fn slip_positions(text: &str) -> Vec<usize> {
    let all = graphemes(text);
    if !text.is_ascii() {
        return Vec::new();
    }
    let last = all.len().saturating_sub(MAX_LETTERS_AFTER_SLIP + 2);
    (MIN_LETTERS_BEFORE_SLIP..last)
        .filter(|at| is_letter(all[*at]))
        .filter(|at| {
            let right = folded_letters(&all[..*at].concat()).len();
            let rest = folded_letters(&all[*at..].concat()).len();
            right >= MIN_LETTERS_BEFORE_SLIP && rest >= MAX_LETTERS_AFTER_SLIP + 2
        })
        .collect()
}

/// The letters in the middle of a text.
fn correctable_positions(text: &str) -> Vec<usize> {
    let all = graphemes(text);
    if !text.is_ascii() || folded_letters(text).len() < MIN_CORRECTABLE_LETTERS {
        return Vec::new();
    }
    // Without one letter of a pair, the text would have two possible origins.
    (2..all.len() - 2).filter(|at| is_letter(all[*at]) && all[*at] != all[*at + 1]).collect()
}

/// The contents with a space that is missing for a while.
///
/// `How is`, `Howis emil`, `How is emil h`: the text outgrows the variant without the space.
fn lost_space(text: &str) -> Vec<String> {
    let Some((first, second)) = spaces(text) else { return letters(text, 0) };
    let (spaced, rest) = text.split_at(second);
    let joined = format!("{}{}", &text[..first], text[first..second].trim_start());
    let more = letters(rest, 0);
    let (without, with) = more.split_at(more.len() / 2);
    let mut contents = letters(spaced, 0);
    contents.push(joined.clone());
    contents.extend(without.iter().map(|more| format!("{joined}{more}")));
    contents.extend(with.iter().map(|more| format!("{spaced}{more}")));
    contents
}

/// The positions of the first two white space characters.
fn spaces(text: &str) -> Option<(usize, usize)> {
    let mut found = text.char_indices().filter(|(_, char)| char.is_whitespace()).map(|(at, _)| at);
    Some((found.next()?, found.next()?))
}

fn is_letter(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_alphabetic)
}

fn one_of(positions: &[usize], rng: &mut impl Rng) -> usize {
    positions[rng.random_range(0..positions.len())]
}
