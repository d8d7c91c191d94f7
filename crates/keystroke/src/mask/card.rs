//! Card numbers, complete or half-typed.

use std::ops::RangeInclusive;

use super::Draft;
use super::check_digits::{article, luhn};
use super::context::{WordKind, kind_before};
use super::number::{DigitGroup, DigitRun, are_round, digits_of, numbers, runs};
use super::plan::are_years;
use quarry_domain::CARD_LABEL;

const CARD_DIGITS: RangeInclusive<usize> = 13..=19;
/// The minimum length of a card number's groups, except the last.
const GROUP_DIGITS: usize = 3;
/// The lengths that also occur without a card's first digits.
const COMMON_DIGITS: RangeInclusive<usize> = 16..=19;
/// The lengths of beginnings in one group: shorter ones may be any number.
const BEGINNING_DIGITS: RangeInclusive<usize> = 13..=15;
/// The lengths of beginnings in groups of four.
const GROUPED_BEGINNING_DIGITS: RangeInclusive<usize> = 9..=15;

/// Masks complete numbers: of a card's length, in one group or several, with a valid check digit.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let found = numbers(draft.normal.text(), card_groups);
    draft.replace_all(found, CARD_LABEL);
}

/// Masks the beginnings of numbers, on which the typing stopped.
pub(super) fn mask_beginnings(draft: &mut Draft<'_>) {
    let mut found = Vec::new();
    for run in runs(draft.normal.text()) {
        let kind = kind_before(draft.normal.text(), run.start);
        let is_code = matches!(kind, Some(WordKind::Part | WordKind::Order));
        if !run.has_plus && !run.is_attached && !run.is_continued && !is_code && is_beginning(&run.groups) {
            found.push(run.range(0, run.groups.len()));
        }
    }
    draft.replace_all(found, CARD_LABEL);
}

/// The maximum count of groups from `first` on that form a card number.
fn card_groups(run: &DigitRun<'_>, first: usize) -> Option<usize> {
    let mut digits: Vec<u8> = Vec::new();
    let mut found = None;
    let mut groups = run.groups[first..].iter().enumerate().peekable();
    while let Some((index, group)) = groups.next() {
        digits.extend(&group.digits);
        if CARD_DIGITS.contains(&digits.len()) && is_card(&digits, &run.groups[first..=first + index]) {
            found = Some(index + 1);
        }
        let continues = groups.peek().is_some_and(|(_, next)| joins(next.separator));
        if !continues || group.len() < GROUP_DIGITS || digits.len() > *CARD_DIGITS.end() {
            break;
        }
    }
    found
}

/// Returns true for one separator, possibly with spaces around it.
fn joins(separator: &str) -> bool {
    separator.len() == 1 || separator.trim().len() < 2
}

fn is_card(digits: &[u8], groups: &[DigitGroup<'_>]) -> bool {
    let is_known = COMMON_DIGITS.contains(&digits.len()) || has_issuer(digits);
    digits[0] != 0 && is_known && luhn(digits) && !are_years(groups)
}

/// Recognises the first digits of issuers of cards with less than 16 digits.
fn has_issuer(digits: &[u8]) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| has_prefix(digits, prefix));
    match digits.len() {
        13 => begins(&["4", "5018", "5020", "5038", "5893", "6304", "6759", "676"]),
        14 => begins(&["300", "301", "302", "303", "304", "305", "3095", "36", "38", "39"]),
        15 => begins(&["34", "37", "1800", "2131", "2014", "2149"]),
        _ => false,
    }
}

fn has_prefix(digits: &[u8], prefix: &str) -> bool {
    digits.len() >= prefix.len()
        && digits.iter().zip(prefix.bytes()).all(|(digit, byte)| digit + b'0' == byte)
}

fn is_beginning(groups: &[DigitGroup<'_>]) -> bool {
    let digits = digits_of(groups);
    let Some((last, before)) = groups.split_last() else { return false };
    if !begins_like_card(&digits) || groups[1..].iter().any(|group| !joins(group.separator)) {
        return false;
    }
    if before.is_empty() {
        return BEGINNING_DIGITS.contains(&digits.len()) && !article(&digits);
    }
    let is_amex = has_prefix(&digits, "34") || has_prefix(&digits, "37");
    let in_fours = before.len() >= 2 && before.iter().all(|group| group.len() == 4) && last.len() <= 4;
    let in_amex_groups = is_amex
        && before[0].len() == 4
        && (before.get(1).map_or(last.len() == 6, |second| second.len() == 6) && last.len() <= 6);
    GROUPED_BEGINNING_DIGITS.contains(&digits.len())
        && (in_fours || in_amex_groups)
        && !are_round(groups)
        && !are_years(groups)
}

/// The first digits of the large issuers.
fn begins_like_card(digits: &[u8]) -> bool {
    matches!(
        digits,
        [4, ..] | [5, 0..=6 | 8, ..] | [3, 4..=8, ..] | [2, 2..=7, ..] | [6, 0 | 2 | 4 | 5 | 7, ..]
    )
}
