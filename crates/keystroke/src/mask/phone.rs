//! Phone numbers: always whole groups between white space.
//!
//! - `+` and 7 to 15 digits, or `00`, a country and as many;
//! - a leading 0: 9 to 13 digits in groups, or 10 to 12 in one;
//! - an area code in brackets, 9 to 15 digits in total;
//! - the formats of `plan`, with valid first digits.

use std::ops::RangeInclusive;

use super::Draft;
use super::check_digits::is_trivial;
use super::context::{WordKind, kind_before};
use super::number::{DigitGroup, DigitRun, numbers};
use super::plan::{YEARS, is_grouped, is_national};
use quarry_domain::PHONE_LABEL;

const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;
const NATIONAL_DIGITS: RangeInclusive<usize> = 9..=13;
/// The lengths in one group with a leading 0.
const UNGROUPED_DIGITS: RangeInclusive<usize> = 10..=12;
/// The shortest number with a leading 0, in three groups or with brackets.
const SHORT_DIGITS: usize = 8;
const BRACKETED_DIGITS: RangeInclusive<usize> = 9..=15;
const AREA_DIGITS: RangeInclusive<usize> = 2..=5;
/// The maximum length of a country code before an area code in brackets.
const COUNTRY_DIGITS: usize = 3;

/// Masks phone numbers.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let found = numbers(text, |run, first| {
        let kind = kind_before(text, run.groups[first].start);
        phone_groups(run, first).filter(|count| !is_code(kind, run, first, *count))
    });
    draft.replace_all(found, PHONE_LABEL);
}

/// Returns true for the number of a part or an order, by the word before it: no such number has the beginning of
/// an international one in groups, and that of an order rarely the groups of a phone number.
fn is_code(kind: Option<WordKind>, run: &DigitRun<'_>, first: usize, count: usize) -> bool {
    if first == 0 && run.has_plus {
        return false;
    }
    let group = &run.groups[first];
    match kind {
        Some(WordKind::Part) => count == 1 || !group.digits.starts_with(&[0, 0]),
        Some(WordKind::Order) => match count {
            1 => true,
            2 => group.digits[0] != 0 && !group.in_brackets,
            _ => false,
        },
        Some(WordKind::Phone) | None => false,
    }
}

/// The maximum count of groups from `first` on that form a phone number.
fn phone_groups(run: &DigitRun<'_>, first: usize) -> Option<usize> {
    if !may_start(run, first) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::new();
    let mut found = None;
    for (index, group) in run.groups[first..].iter().enumerate() {
        digits.extend(&group.digits);
        if digits.len() > *INTERNATIONAL_DIGITS.end() + 2 {
            break;
        }
        let groups = &run.groups[first..=first + index];
        let has_plus = first == 0 && run.has_plus;
        let is_alone = has_plus || digits[0] == 0 || !has_single_digit_beside(run, first, index + 1);
        if may_end(run, first + index) && is_alone && is_phone(has_plus, &digits, groups) {
            found = Some(index + 1);
        }
    }
    found
}

/// Returns true for `445 110 369` of `0 445 110 369`: such groups are codes of parts.
fn has_single_digit_beside(run: &DigitRun<'_>, first: usize, count: usize) -> bool {
    let is_single = |group: Option<&DigitGroup<'_>>| group.is_some_and(|group| group.len() == 1);
    is_single(first.checked_sub(1).and_then(|before| run.groups.get(before)))
        || is_single(run.groups.get(first + count))
}

fn may_start(run: &DigitRun<'_>, first: usize) -> bool {
    if first == 0 {
        return run.has_plus || !run.is_attached;
    }
    run.groups[first].separator.contains(' ')
}

fn may_end(run: &DigitRun<'_>, last: usize) -> bool {
    match run.groups.get(last + 1) {
        Some(next) => next.separator.contains(' '),
        None => !run.is_continued,
    }
}

fn is_phone(has_plus: bool, digits: &[u8], groups: &[DigitGroup<'_>]) -> bool {
    let count = digits.len();
    if has_plus {
        return INTERNATIONAL_DIGITS.contains(&count);
    }
    if digits.starts_with(&[0, 0]) {
        return digits.get(2).is_some_and(|digit| *digit != 0) && INTERNATIONAL_DIGITS.contains(&(count - 2));
    }
    if is_bracketed(groups) {
        return BRACKETED_DIGITS.contains(&count) || (count == SHORT_DIGITS && digits[0] == 0);
    }
    match (digits[0], groups) {
        (0, [_]) => UNGROUPED_DIGITS.contains(&count) && !is_trivial(&digits[1..]),
        (0, _) => {
            let is_long = NATIONAL_DIGITS.contains(&count) || (count == SHORT_DIGITS && groups.len() > 2);
            is_long && is_grouped_with_zero(groups)
        }
        (_, [_]) => is_national(digits),
        _ => is_grouped(groups),
    }
}

/// Returns true for an area code in brackets, first or after a country code.
fn is_bracketed(groups: &[DigitGroup<'_>]) -> bool {
    let is_area = |group: &DigitGroup<'_>| {
        group.in_brackets && AREA_DIGITS.contains(&group.len()) && !YEARS.contains(&group.value())
    };
    match groups {
        [first, _, ..] if is_area(first) => true,
        [first, second, _, ..] => first.len() <= COUNTRY_DIGITS && is_area(second),
        _ => false,
    }
}

/// Returns true for groups of a number with a leading 0, but not for dates, decimals and codes of parts.
fn is_grouped_with_zero(groups: &[DigitGroup<'_>]) -> bool {
    let begins_with_area = groups[0].len() > 1 || groups[0].in_brackets;
    // Five digits, a hyphen, and four or five: the part numbers of car makers.
    let is_part = matches!(groups, [first, second] if first.len() == 5
        && matches!(second.len(), 4 | 5)
        && second.separator == "-");
    let ends_with_year = groups.last().is_some_and(|last| last.len() == 4 && YEARS.contains(&last.value()));
    let is_date = begins_with_date(groups) || (ends_with_year && groups.len() == 3);
    begins_with_area && !is_part && !is_date
}

/// Recognises `01.02.2024`, `01/02/2024` and `01-02-2024`.
fn begins_with_date(groups: &[DigitGroup<'_>]) -> bool {
    let [day, month, year, ..] = groups else {
        return false;
    };
    let is_joined = month.separator == year.separator && matches!(month.separator, "." | "/" | "-");
    is_joined && day.value() <= 31 && month.value() <= 31 && year.len() == 4 && YEARS.contains(&year.value())
}
