//! National identity numbers, by shape and check digits.
//!
//! A shape has `9` for a digit, `A` for a letter, and the separators; a blank stands for a hyphen.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::Draft;
use super::context::{WordKind, kind_before};
use super::normal::attaches;
use quarry_domain::ID_LABEL;

mod america;
mod asia;
mod europe;

/// The longest number in characters.
const MAX_CHARS: usize = 20;
/// The fewest groups of a number after a word such as `order`: its own number rarely has as many.
const GROUPS_AFTER_ORDER: usize = 3;

/// A kind of identity numbers.
struct NationalId {
    /// The shapes in which it is written.
    shapes: &'static [&'static str],
    /// Verifies the digits and capital letters of a number.
    is_valid: Check,
}

/// A number of a known shape, without separators.
struct Number {
    chars: Vec<u8>,
    /// The values of its digits, without letters.
    digits: Vec<u8>,
}

impl Number {
    fn letter(&self, at: usize) -> u8 {
        self.chars[at]
    }

    fn last(&self) -> u8 {
        self.chars[self.chars.len() - 1]
    }
}

/// The checks of the kinds that share a shape.
type ChecksByShape = HashMap<&'static str, Vec<Check>>;
/// Verifies the digits and capital letters of a number.
type Check = fn(&Number) -> bool;

static BY_SHAPE: LazyLock<ChecksByShape> = LazyLock::new(|| {
    let mut by_shape = ChecksByShape::new();
    for id in [europe::IDS, america::IDS, asia::IDS].into_iter().flatten() {
        for shape in id.shapes {
            by_shape.entry(shape).or_default().push(id.is_valid);
        }
    }
    by_shape
});

/// Masks identity numbers.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut first = 0;
    while first < tokens.len() {
        let Some((count, range)) = longest(text, &tokens[first..]) else {
            first += 1;
            continue;
        };
        found.push(range);
        first += count;
    }
    draft.replace_all(found, ID_LABEL);
}

/// The runs of ASCII letters and digits.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    for (position, byte) in text.bytes().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            continue;
        }
        match tokens.last_mut().filter(|last| last.end == position) {
            Some(last) => last.end += 1,
            None => tokens.push(position..position + 1),
        }
    }
    tokens
}

/// The longest number that begins with the first token: its count of tokens, and its range.
fn longest(text: &str, tokens: &[Range<usize>]) -> Option<(usize, Range<usize>)> {
    let start = tokens[0].start;
    if !may_start(&text[..start]) {
        return None;
    }
    let min_groups = match kind_before(text, start) {
        Some(WordKind::Part) => return None,
        Some(WordKind::Order) => GROUPS_AFTER_ORDER,
        Some(WordKind::Phone) | None => 1,
    };
    let mut shape = String::with_capacity(MAX_CHARS);
    let mut chars: Vec<u8> = Vec::with_capacity(MAX_CHARS);
    let mut found = None;
    let mut previous_end = start;
    for (index, token) in tokens.iter().enumerate() {
        match &text[previous_end..token.start] {
            "" => {}
            " " | "-" => shape.push('-'),
            separator @ ("." | "/" | "(" | "+") => shape.push_str(separator),
            _ => break,
        }
        if chars.len() + token.len() > MAX_CHARS {
            break;
        }
        for byte in text[token.clone()].bytes() {
            shape.push(if byte.is_ascii_digit() { '9' } else { 'A' });
            chars.push(byte.to_ascii_uppercase());
        }
        previous_end = token.end;
        let Some(end) = end_of(text, token.end, &shape) else { continue };
        if index + 1 < min_groups || is_part_of_groups(text, &(start..end)) {
            continue;
        }
        let Some(checks) = BY_SHAPE.get(shape.as_str()) else { continue };
        let digits = chars.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
        let number = Number { chars: chars.clone(), digits };
        let is_placeholder = number.digits.windows(2).all(|pair| pair[0] == pair[1]);
        if !is_placeholder && checks.iter().any(|is_valid| is_valid(&number)) {
            found = Some((index + 1, start..end));
        }
    }
    found
}

/// Returns true for groups between blanks that further groups precede or follow: `1234 5678 9012` of
/// `1234 5678 9012 3456`.
fn is_part_of_groups(text: &str, range: &Range<usize>) -> bool {
    let is_digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
    let (mut before, mut after) = (text[..range.start].chars().rev(), text[range.end..].chars());
    text[range.clone()].contains(' ')
        && ((before.next() == Some(' ') && is_digit(before.next()))
            || (after.next() == Some(' ') && is_digit(after.next())))
}

fn may_start(before: &str) -> bool {
    let mut before = before.chars().rev();
    match before.next() {
        Some('-' | '.' | '/' | '+' | '@') => {
            before.next().is_none_or(|char| !char.is_alphanumeric() && char != '\u{1a}')
        }
        Some(char) => !attaches(char) && char != '#',
        None => true,
    }
}

/// The end of a number, if it may end there.
fn end_of(text: &str, end: usize, shape: &str) -> Option<usize> {
    let end = if shape.contains('(') { end + usize::from(text[end..].starts_with(')')) } else { end };
    let mut after = text[end..].chars();
    let ends = match after.next() {
        Some('-' | '.' | '/' | '+' | '@') => after.next().is_none_or(|char| !char.is_alphanumeric()),
        Some(char) => !attaches(char),
        None => true,
    };
    ends.then_some(end)
}

/// Returns false for groups that `phone` recognises, and for round figures.
fn is_no_phone(number: &Number) -> bool {
    (1..4).contains(&number.digits[0]) && !number.digits.chunks(3).all(|group| group.ends_with(&[0]))
}

/// The value of a digit or a capital letter: `A` follows 9.
fn value_of(byte: u8) -> u32 {
    u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 })
}
