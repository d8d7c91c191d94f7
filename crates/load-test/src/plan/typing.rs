//! How a text comes into a box: the contents of the box after each keystroke.
//!
//! Every way here ends with the text itself, and is such that by the law of what a search is nothing
//! but the text is left of it.

use rand::{Rng, RngExt};

use crate::words::{folded_letters, graphemes, wrong_letter};

/// A slip may come after so many letters: with at most [`SLIP_TAIL`] letters typed on in vain, what is
/// right is then more than half of what stands, so that what follows is a correction for certain.
const MIN_LETTERS_BEFORE_SLIP: usize = 5;
const MAX_LETTERS_AFTER_SLIP: usize = 2;
/// A text of so many letters is mended by one edit for certain: two are allowed from five letters.
const MIN_CORRECTABLE_LETTERS: usize = 8;

/// How a text comes into a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypingStyle {
    /// Letter by letter.
    Plain,
    /// All at once.
    Pasted,
    /// White space first.
    Indented,
    /// A wrong letter, perhaps a few more, backspaces, and the right ones.
    Slip,
    /// To the end with a letter missing in the middle, which is then put in.
    Omission,
    /// To the end with a letter too many in the middle, which is then taken out.
    Surplus,
    /// The space between words is lost for a while.
    LostSpace,
}

impl TypingStyle {
    /// Whether a text can come this way.
    pub(super) fn suits(self, text: &str) -> bool {
        match self {
            Self::Plain | Self::Pasted | Self::Indented => true,
            Self::Slip => !slip_positions(text).is_empty(),
            Self::Omission | Self::Surplus => !correctable_positions(text).is_empty(),
            Self::LostSpace => spaces(text).is_some(),
        }
    }

    /// The contents of the box, one after the other.
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

/// Letter by letter, after those that stand already.
pub(super) fn letters(text: &str, standing: usize) -> Vec<String> {
    let all = graphemes(text);
    (standing + 1..=all.len()).map(|end| all[..end].concat()).collect()
}

/// Backspaces, until so many letters are left.
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

/// Where a slip is corrected for certain, and the text outgrows what stood wrongly.
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

/// Letters in the middle of a text.
fn correctable_positions(text: &str) -> Vec<usize> {
    let all = graphemes(text);
    if !text.is_ascii() || folded_letters(text).len() < MIN_CORRECTABLE_LETTERS {
        return Vec::new();
    }
    // A doubled letter would make of "without it" a text that could have come otherwise.
    (2..all.len() - 2).filter(|at| is_letter(all[*at]) && all[*at] != all[*at + 1]).collect()
}

/// `How is`, `Howis emil`, `How is emil h`: the text outgrows what stood without the space.
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

/// Where the first two runs of white space of a text begin, if more words follow.
fn spaces(text: &str) -> Option<(usize, usize)> {
    let mut found = text.char_indices().filter(|(_, char)| char.is_whitespace()).map(|(at, _)| at);
    Some((found.next()?, found.next()?))
}

fn is_letter(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_alphabetic)
}

fn one_of(places: &[usize], rng: &mut impl Rng) -> usize {
    places[rng.random_range(0..places.len())]
}
