//! Numbers that are no personal data: article numbers, addresses of hosts, dates and versions.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Draft;
use super::check_digits::{article, is_trivial, isbn_10};
use super::normal::pattern;
use super::number::{DigitGroup, DigitRun, digits_of, numbers};

static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        // MAC addresses; ISO dates; hyphenated ISBNs of ten digits that end with an X.
        r"\b(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}[:-]){4}[0-9A-Fa-f]{2}\b",
        r"|\b(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]\b",
        r"|\b[0-9]{1,5}[- ][0-9]{1,7}[- ][0-9]{1,7}[- ][Xx]\b",
    ))
});

/// Hides these numbers from the detectors of personal numbers.
pub(super) fn protect(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let mut found: Vec<Range<usize>> = OTHER.find_iter(text).map(|found| found.range()).collect();
    found.extend(numbers(text, |run, first| if run.has_plus { None } else { product_groups(run, first) }));
    for range in found {
        draft.normal.hide(range);
    }
}

/// The count of groups from `first` on that form such a number.
fn product_groups(run: &DigitRun<'_>, first: usize) -> Option<usize> {
    let groups = &run.groups[first..];
    let starts = first == 0 || groups[0].separator.contains(' ');
    if !starts {
        return None;
    }
    let ends = |count: usize| {
        groups.get(count).is_none_or(|next| next.separator.contains(' ') || next.separator == "/")
    };
    [6, 5, 4, 1]
        .into_iter()
        .find(|count| groups.len() >= *count && ends(*count) && is_product(&groups[..*count]))
}

fn is_product(groups: &[DigitGroup<'_>]) -> bool {
    match groups {
        [one] => is_article_number(&one.digits),
        [_, _, _, _] if is_host(groups) => true,
        [_, rest @ ..] => {
            let is_joined = rest.iter().all(|group| group.separator == "-" || group.separator == " ");
            is_joined && is_hyphenated_article(groups)
        }
        [] => false,
    }
}

/// Recognises UPC-A, EAN-13, GTIN-14 and ISBN-10.
fn is_article_number(digits: &[u8]) -> bool {
    match digits.len() {
        10 => isbn_10(digits) && !is_trivial(digits) && !counts_down(digits),
        12 => article(digits) && !matches!(digits[0], 2 | 4 | 5),
        13 => article(digits) && !is_swiss_insured(digits),
        14 => article(digits) && matches!(digits[0], 0..=2),
        _ => false,
    }
}

/// Digits that count down are a popular example of a phone number, and a valid ISBN.
fn counts_down(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[1] + 1 == pair[0])
}

/// The prefix of Switzerland's identity numbers, which no article has.
fn is_swiss_insured(digits: &[u8]) -> bool {
    digits.starts_with(&[7, 5, 6])
}

/// Recognises IPv4 addresses.
fn is_host(groups: &[DigitGroup<'_>]) -> bool {
    let is_octet = |group: &DigitGroup<'_>| {
        group.len() <= 3 && group.value() <= 255 && (group.len() == 1 || group.digits[0] != 0)
    };
    groups.iter().all(is_octet) && groups[1..].iter().all(|group| group.separator == ".")
}

/// Recognises ISBNs in their groups, and UPC and EAN as printed below bars.
fn is_hyphenated_article(groups: &[DigitGroup<'_>]) -> bool {
    let digits = digits_of(groups);
    let lengths: Vec<usize> = groups.iter().map(DigitGroup::len).collect();
    match (digits.len(), lengths.as_slice()) {
        (10, [_, _, _, 1]) => isbn_10(&digits),
        (13, [3, _, _, _, 1]) => digits.starts_with(&[9, 7]) && article(&digits),
        (12, [1, 5, 5, 1]) => article(&digits),
        _ => false,
    }
}
