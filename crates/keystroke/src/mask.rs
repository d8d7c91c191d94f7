//! Masks personal data in a text: `[email]`, `[phone]`, `[card]`. Pure and idempotent.
//!
//! Digits of every script count. The rules:
//! - **E-mail address**: letters before an `@`, separated only by address characters, with or without a
//!   host: `anna@`, `anna@exam`. Digits alone before it need a letter after it. Not `@handle`, not `2@10`,
//!   not `a @ b`.
//! - **Card number**: 13 to 19 digits that pass the Luhn check, in one group, or in groups of at least three
//!   with single separators, the last of any length. Not a 13-digit ISBN (978 or 979 with a valid check digit),
//!   not a list of years, and no number with a leading 0. One in ten of other 13-digit article numbers passes
//!   the check and is masked.
//! - **Phone number**, never next to a letter (except for `+`), always of whole groups between white space:
//!   - `+` and 7 to 15 digits, or `00`, a country and as many;
//!   - a leading 0 with other digits in its group, 9 to 13 digits in total: not a date with a time, not a
//!     13-digit article number. A ten-digit ISBN with a leading 0 and without hyphens looks like a phone number,
//!     and is masked;
//!   - an area code in brackets, 9 to 15 digits in total;
//!   - 10 or 11 digits in the groups of countries without a leading 0: `555-123-4567`, `98765 43210`,
//!     `138 1234 5678`, `8 495 123 45 67` (all of them in `phone::GROUPINGS`).
//!
//! Years, prices, sizes, order numbers in one group, and versions stay. Names, street addresses, account
//! numbers, incomplete numbers and seven-digit local numbers are not recognised.

mod numbers;
mod phone;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use self::numbers::{DigitGroup, DigitRun, runs};

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let at = "[@＠﹫]";
    let local = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~.\-]";
    let (host, end) = (r"[\p{L}\p{M}\p{N}_.\-]", r"[\p{L}\p{M}\p{N}_]");
    // The pattern contains the letter: a match without one would consume part of the next address.
    let with_letter_before = format!(r"{local}*\p{{L}}{local}*{at}(?:{end}(?:{host}*{end})?)?");
    let with_letter_behind = format!(r"{local}+{at}(?:{end}{host}*)?\p{{L}}(?:{host}*{end})?");
    Regex::new(&format!("{with_letter_before}|{with_letter_behind}")).expect("the pattern is valid")
});

const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// The minimum length of a card number's groups, except the last.
const CARD_GROUP_DIGITS: usize = 3;
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// Masks e-mail addresses, phone and card numbers.
pub fn mask(text: &str) -> Cow<'_, str> {
    let has_at = text.contains(['@', '＠', '﹫']);
    let has_digit = text.chars().any(|char| char.is_numeric());
    let mut masked = Cow::Borrowed(text);
    if has_at {
        masked = and_then(masked, |text| EMAIL.replace_all(text, "[email]"));
    }
    if has_digit {
        masked = and_then(masked, |text| mask_numbers(text, "[card]", card_groups));
        masked = and_then(masked, |text| mask_numbers(text, "[phone]", phone::phone_groups));
    }
    masked
}

fn and_then<'a>(text: Cow<'a, str>, step: impl Fn(&str) -> Cow<'_, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => step(text),
        Cow::Owned(text) => Cow::Owned(step(&text).into_owned()),
    }
}

/// Masks the numbers that `recognise` finds: it returns the count of groups from a first one on.
fn mask_numbers<'a>(
    text: &'a str,
    mask: &str,
    recognise: fn(&DigitRun<'_>, usize) -> Option<usize>,
) -> Cow<'a, str> {
    let mut masked = String::new();
    let mut copied = 0;
    for run in runs(text) {
        let mut first = 0;
        while first < run.groups.len() {
            let Some(count) = recognise(&run, first) else {
                first += 1;
                continue;
            };
            masked.push_str(&text[copied..run.start_of(first, count)]);
            masked.push_str(mask);
            copied = run.groups[first + count - 1].end;
            first += count;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
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
        let continues = groups.peek().is_some_and(|(_, next)| next.separator.chars().count() == 1);
        if !continues || group.digits.len() < CARD_GROUP_DIGITS || digits.len() > *CARD_DIGITS.end() {
            break;
        }
    }
    found
}

fn is_card(digits: &[u8], groups: &[DigitGroup<'_>]) -> bool {
    let is_book = digits.len() == 13 && digits.starts_with(&[9, 7]) && digits[2] >= 8 && is_article(digits);
    let are_years = groups.iter().all(|group| group.digits.len() == 4 && YEARS.contains(&group.value()));
    digits[0] != 0 && passes_luhn(digits) && !is_book && !are_years
}

fn passes_luhn(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(index, digit)| match (index % 2, *digit) {
        (0, digit) => u32::from(digit),
        (_, digit) => u32::from(digit / 5 + digit * 2 % 10),
    });
    weighed.sum::<u32>() % 10 == 0
}

/// Verifies the check digit of an article number (EAN, ISBN).
fn is_article(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(index, digit)| match index % 2 {
        0 => u32::from(*digit),
        _ => u32::from(*digit) * 3,
    });
    weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests;
