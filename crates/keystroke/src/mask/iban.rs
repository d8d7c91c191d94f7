//! International bank account numbers.

use std::ops::Range;
use std::sync::LazyLock;

use iban::{Iban, ParseIbanError};
use regex::Regex;

use super::Draft;
use super::normal::{attaches, pattern};
use quarry_domain::IBAN_LABEL;

/// The longest number in characters.
const MAX_CHARS: usize = 34;
/// The shortest number in characters.
const MIN_CHARS: usize = 15;

static BEGINNING: LazyLock<Regex> = LazyLock::new(|| pattern("(?i)[A-Z]{2}[ .-]?[0-9]{2}"));
/// A number on which the typing stopped, or with a typing error: the usual groups of four.
static GROUPED: LazyLock<Regex> =
    LazyLock::new(|| pattern("^[A-Z]{2}[0-9]{2}(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][0-9]{1,3})?"));

/// Masks account numbers.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some(beginning) = BEGINNING.find_at(text, from) {
        let start = beginning.start();
        from = start + 1;
        if text[..start].ends_with(|char: char| attaches(char) || char.is_ascii_digit()) {
            continue;
        }
        if let Some(end) = end_of_valid(text, start).or_else(|| end_of_grouped(text, start)) {
            found.push(start..end);
            from = end;
        }
    }
    draft.replace_all(found, IBAN_LABEL);
}

/// The end of the longest valid number.
fn end_of_valid(text: &str, start: usize) -> Option<usize> {
    let mut compact = String::with_capacity(MAX_CHARS);
    let mut valid = None;
    let mut after_separator = false;
    for (position, char) in text[start..].char_indices() {
        match char {
            'A'..='Z' | 'a'..='z' | '0'..='9' if compact.len() < MAX_CHARS => {
                compact.push(char.to_ascii_uppercase());
                after_separator = false;
            }
            ' ' | '-' | '.' if !after_separator => {
                after_separator = true;
                continue;
            }
            _ => break,
        }
        let end = start + position + 1;
        let is_whole = !text[end..].starts_with(|char: char| attaches(char) || char.is_ascii_digit());
        if is_whole && compact.len() >= MIN_CHARS && is_valid(&compact) {
            valid = Some(end);
        }
    }
    valid
}

fn end_of_grouped(text: &str, start: usize) -> Option<usize> {
    let end = start + GROUPED.find(&text[start..])?.end();
    let has_digits = text[start..end].split([' ', '-']).any(|group| group.len() == 4 && is_number(group));
    (has_digits && !text[end..].starts_with(|char: char| attaches(char) || char.is_ascii_digit()))
        .then_some(end)
}

/// Returns true for valid check digits, and the format of the country unless it is unknown.
fn is_valid(compact: &str) -> bool {
    matches!(compact.parse::<Iban>(), Ok(_) | Err(ParseIbanError::UnknownCountry(_)))
}

fn is_number(group: &str) -> bool {
    group.bytes().all(|byte| byte.is_ascii_digit())
}
