//! Phone numbers, by the rules in the documentation of `mask`.

use super::numbers::{DigitGroup, DigitRun};
use super::{YEARS, is_article};

const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
const NATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 9..=13;
const BRACKETED_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;
const AREA_DIGITS: std::ops::RangeInclusive<usize> = 2..=5;
/// The maximum length of a country code before an area code in brackets.
const COUNTRY_DIGITS: usize = 3;

/// The grouping of numbers without a leading 0: North America and Italy, with and without the country;
/// Turkey and Russia; India; China; Mexico and Brazil.
pub(super) const GROUPINGS: [&[usize]; 9] = [
    &[3, 3, 4],
    &[1, 3, 3, 4],
    &[3, 3, 2, 2],
    &[1, 3, 3, 2, 2],
    &[5, 5],
    &[3, 4, 4],
    &[2, 4, 4],
    &[2, 5, 4],
    &[3, 3, 5],
];

/// The maximum count of groups from `first` on that form a phone number.
pub(super) fn phone_groups(run: &DigitRun<'_>, first: usize) -> Option<usize> {
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
        if may_end(run, first + index) && is_phone(has_plus, &digits, groups) {
            found = Some(index + 1);
        }
    }
    found
}

fn may_start(run: &DigitRun<'_>, first: usize) -> bool {
    if first == 0 {
        return run.has_plus || !run.follows_letter;
    }
    run.groups[first].separator.contains(char::is_whitespace)
}

fn may_end(run: &DigitRun<'_>, last: usize) -> bool {
    match run.groups.get(last + 1) {
        Some(next) => next.separator.contains(char::is_whitespace),
        None => !run.precedes_letter,
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
        return BRACKETED_DIGITS.contains(&count);
    }
    if digits[0] == 0 {
        let is_article_number = groups.len() == 1 && count == 13 && is_article(digits);
        return (groups[0].digits.len() > 1 || groups[0].in_brackets)
            && NATIONAL_DIGITS.contains(&count)
            && !is_article_number
            && !begins_with_date(groups);
    }
    is_grouped(groups)
}

/// Returns true for an area code in brackets, first or after a country code.
fn is_bracketed(groups: &[DigitGroup<'_>]) -> bool {
    let is_area = |group: &DigitGroup<'_>| {
        group.in_brackets && AREA_DIGITS.contains(&group.digits.len()) && !YEARS.contains(&group.value())
    };
    match groups {
        [first, _, ..] if is_area(first) => true,
        [first, second, _, ..] => first.digits.len() <= COUNTRY_DIGITS && is_area(second),
        _ => false,
    }
}

/// Recognises `01.02.2024`, `01/02/2024` and `01-02-2024`.
fn begins_with_date(groups: &[DigitGroup<'_>]) -> bool {
    let [day, month, year, ..] = groups else {
        return false;
    };
    let is_joined = month.separator == year.separator && matches!(month.separator, "." | "/" | "-");
    is_joined
        && day.value() <= 31
        && month.value() <= 31
        && year.digits.len() == 4
        && YEARS.contains(&year.value())
}

fn is_grouped(groups: &[DigitGroup<'_>]) -> bool {
    let is_known = GROUPINGS.iter().any(|grouping| {
        grouping.len() == groups.len()
            && grouping.iter().zip(groups).all(|(count, group)| *count == group.digits.len())
    });
    let are_years =
        || groups[1..].iter().all(|group| group.digits.len() == 4 && YEARS.contains(&group.value()));
    let is_joined = groups[1..].iter().all(|group| group.separator.chars().count() == 1);
    is_known && is_joined && !are_years()
}
