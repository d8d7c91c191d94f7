//! Numbering plans of countries whose numbers have no leading 0, or are written without one.

use std::ops::RangeInclusive;

use super::check_digits::is_trivial;
use super::number::{DigitGroup, are_round, digits_of};

/// Groups of four digits that are years.
pub(super) const YEARS: RangeInclusive<u32> = 1900..=2099;

/// A format in groups: the lengths, and the digits it may have.
struct Grouping {
    lengths: &'static [usize],
    /// The separators, one at a time.
    separators: &'static [&'static str],
    fits: fn(&[u8]) -> bool,
}

const SPACE: &[&str] = &[" "];
const LIGHT: &[&str] = &[" ", "-"];
const ANY: &[&str] = &[" ", "-", ".", "/", ") ", ")-", " (", ")"];

/// The formats in groups, without a leading 0.
static GROUPINGS: &[Grouping] = &[
    // North America, with and without the country.
    Grouping { lengths: &[3, 3, 4], separators: ANY, fits: is_nanp },
    Grouping {
        lengths: &[1, 3, 3, 4],
        separators: ANY,
        fits: |digits| digits[0] == 1 && is_nanp(&digits[1..]),
    },
    Grouping { lengths: &[3, 7], separators: LIGHT, fits: is_nanp },
    // Italy's mobile numbers; Mexico.
    Grouping { lengths: &[3, 3, 4], separators: SPACE, fits: |digits| digits[0] >= 2 },
    Grouping { lengths: &[3, 7], separators: LIGHT, fits: |digits| digits[0] == 3 },
    // India.
    Grouping { lengths: &[5, 5], separators: SPACE, fits: is_indian_mobile },
    Grouping { lengths: &[3, 3, 4], separators: ANY, fits: is_indian_mobile },
    Grouping { lengths: &[4, 3, 3], separators: LIGHT, fits: is_indian_mobile },
    // China, and Mexico and Brazil.
    Grouping { lengths: &[3, 4, 4], separators: ANY, fits: is_chinese_mobile },
    Grouping { lengths: &[2, 4, 4], separators: ANY, fits: |digits| digits[0] != 0 && digits[2] != 0 },
    Grouping { lengths: &[2, 5, 4], separators: ANY, fits: is_brazilian_mobile },
    Grouping { lengths: &[3, 3, 5], separators: ANY, fits: |digits| digits[0] != 0 },
    // Turkey and Russia.
    Grouping { lengths: &[3, 3, 2, 2], separators: ANY, fits: |digits| digits[0] >= 2 },
    Grouping { lengths: &[1, 3, 3, 2, 2], separators: ANY, fits: |digits| matches!(digits[0], 7 | 8) },
    Grouping { lengths: &[1, 3, 3, 4], separators: ANY, fits: |digits| matches!(digits[0], 7 | 8) },
    // Spain, Portugal, Poland, Czechia: nine digits.
    Grouping { lengths: &[3, 3, 3], separators: LIGHT, fits: |digits| digits[0] >= 4 },
    Grouping { lengths: &[3, 2, 2, 2], separators: LIGHT, fits: |digits| digits[0] >= 4 },
    Grouping { lengths: &[2, 3, 2, 2], separators: LIGHT, fits: |digits| digits[0] != 0 },
    Grouping { lengths: &[2, 3, 4], separators: LIGHT, fits: |digits| digits[0] >= 2 },
    Grouping { lengths: &[1, 2, 2, 2, 2], separators: LIGHT, fits: |digits| digits[0] >= 6 },
    // Norway's mobile numbers.
    Grouping { lengths: &[3, 2, 3], separators: SPACE, fits: |digits| matches!(digits[0], 4 | 9) },
];

/// Recognises the groups of a national number without a leading 0.
pub(super) fn is_grouped(groups: &[DigitGroup<'_>]) -> bool {
    let digits = digits_of(groups);
    let fits = |grouping: &Grouping| {
        grouping.lengths.len() == groups.len()
            && grouping.lengths.iter().zip(groups).all(|(count, group)| *count == group.len())
            && groups[1..].iter().all(|group| grouping.separators.contains(&group.separator))
            && (grouping.fits)(&digits)
    };
    (GROUPINGS.iter().any(fits) || are_danish_pairs(groups)) && !are_years(&groups[1..]) && !are_round(groups)
}

/// Returns true for groups that all may be years.
pub(super) fn are_years(groups: &[DigitGroup<'_>]) -> bool {
    groups.iter().all(|group| group.len() == 4 && YEARS.contains(&group.value()))
}

/// Recognises `22 33 44 55`, but no sizes, which ascend in small steps.
fn are_danish_pairs(groups: &[DigitGroup<'_>]) -> bool {
    let are_pairs = groups.len() == 4 && groups.iter().all(|group| group.len() == 2);
    let are_sizes = groups.windows(2).all(|pair| {
        let (one, next) = (pair[0].value(), pair[1].value());
        one <= next && next - one <= 10
    });
    are_pairs
        && groups[0].digits[0] >= 2
        && groups[1..].iter().all(|group| group.separator == " ")
        && !are_sizes
}

/// Recognises national numbers in one group, except those with a leading 0; `product` has hidden ISBNs.
pub(super) fn is_national(digits: &[u8]) -> bool {
    if is_trivial(digits) || digits.ends_with(&[0, 0, 0, 0]) {
        return false;
    }
    match digits.len() {
        9 => is_iberian_or_polish_mobile(digits),
        10 => is_nanp(digits) || is_indian_mobile(digits) || is_italian_mobile(digits),
        11 => {
            is_chinese_mobile(digits)
                || is_brazilian_mobile(digits)
                || (digits[0] == 1 && is_nanp(&digits[1..]))
                || (matches!(digits[0], 7 | 8) && is_russian_mobile(&digits[1..]))
        }
        // With the code of the country.
        12 => digits.starts_with(&[9, 1]) && is_indian_mobile(&digits[2..]),
        13 => digits.starts_with(&[8, 6]) && is_chinese_mobile(&digits[2..]),
        _ => false,
    }
}

/// North America: area and exchange begin with 2 to 9; the area 555 is fictitious, and popular.
fn is_nanp(digits: &[u8]) -> bool {
    match digits {
        [5, 5, 5, ..] => true,
        [area, 0..=8, third, exchange, fifth, sixth, ..] => {
            *area >= 2 && *exchange >= 2 && (digits[1], *third) != (1, 1) && (*fifth, *sixth) != (1, 1)
        }
        _ => false,
    }
}

fn is_indian_mobile(digits: &[u8]) -> bool {
    digits[0] >= 6
}

fn is_chinese_mobile(digits: &[u8]) -> bool {
    digits[0] == 1 && digits[1] >= 3
}

fn is_brazilian_mobile(digits: &[u8]) -> bool {
    digits[0] != 0 && digits[1] != 0 && digits[2] == 9
}

fn is_italian_mobile(digits: &[u8]) -> bool {
    digits[0] == 3 && digits[1] >= 2
}

fn is_russian_mobile(digits: &[u8]) -> bool {
    digits[0] == 9
}

fn is_iberian_or_polish_mobile(digits: &[u8]) -> bool {
    matches!(
        digits,
        [6, ..] | [7, 1..=9, ..] | [9, 1 | 2 | 3 | 6, ..] | [5, 0 | 1 | 3 | 7, ..] | [4, 5, ..] | [8, 8, ..]
    )
}
