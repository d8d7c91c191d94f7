//! The runs of digit groups in a normalized text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::normal::{attaches, pattern};

/// A maximal run of digit groups, separated by at most three characters.
#[derive(Debug)]
pub(super) struct DigitRun<'a> {
    /// At least one.
    pub(super) groups: Vec<DigitGroup<'a>>,
    /// The start, including a `+` or a bracket.
    pub(super) start: usize,
    /// A `+` precedes the first group.
    pub(super) has_plus: bool,
    /// A letter, or a part of a longer code, precedes the first group.
    pub(super) is_attached: bool,
    /// A letter, or a part of a longer code, follows the last group.
    pub(super) is_continued: bool,
}

/// Adjacent digits.
#[derive(Debug)]
pub(super) struct DigitGroup<'a> {
    /// Their values.
    pub(super) digits: Vec<u8>,
    /// The characters between the previous group and this one.
    pub(super) separator: &'a str,
    /// The start.
    pub(super) start: usize,
    /// The end, without a closing bracket.
    pub(super) end: usize,
    /// Brackets enclose it.
    pub(super) in_brackets: bool,
}

impl DigitRun<'_> {
    /// The range of `count` groups, including their `+` or bracket.
    pub(super) fn range(&self, first: usize, count: usize) -> Range<usize> {
        let group = &self.groups[first];
        let start = match (first, self.has_plus) {
            (0, true) => self.start,
            _ if group.in_brackets && count > 1 => group.start - 1,
            _ => group.start,
        };
        start..self.groups[first + count - 1].end
    }
}

impl DigitGroup<'_> {
    /// The value of a short group.
    pub(super) fn value(&self) -> u32 {
        self.digits
            .iter()
            .fold(0, |value: u32, digit| value.saturating_mul(10).saturating_add((*digit).into()))
    }

    pub(super) fn len(&self) -> usize {
        self.digits.len()
    }
}

static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\+[ (]?)?\(?[0-9]+(?:[ ().\-/_]{1,3}[0-9]+)*"));
static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern("[0-9]+"));

/// Finds the runs of a text.
pub(super) fn runs(text: &str) -> impl Iterator<Item = DigitRun<'_>> {
    RUN.find_iter(text).map(|found| DigitRun {
        groups: groups_of(text, found.start(), found.as_str()),
        start: found.start(),
        has_plus: found.as_str().starts_with('+'),
        is_attached: is_attached(&text[..found.start()]),
        is_continued: is_continued(&text[found.end()..]),
    })
}

/// Returns the ranges of numbers, each of as many groups as `count_from` finds from a group on.
pub(super) fn numbers(
    text: &str,
    count_from: impl Fn(&DigitRun<'_>, usize) -> Option<usize>,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for run in runs(text) {
        let mut first = 0;
        while first < run.groups.len() {
            let count = count_from(&run, first);
            found.extend(count.map(|count| run.range(first, count)));
            first += count.unwrap_or(1);
        }
    }
    found
}

/// The digits of groups, without their separators.
pub(super) fn digits_of(groups: &[DigitGroup<'_>]) -> Vec<u8> {
    groups.iter().flat_map(|group| group.digits.iter().copied()).collect()
}

/// Returns true for groups that all end with a zero, as figures do.
pub(super) fn are_round(groups: &[DigitGroup<'_>]) -> bool {
    groups.iter().all(|group| group.digits.ends_with(&[0]))
}

/// Returns true for `AB1`, `AB-1` and `#1`, but not for `AB: 1`.
pub(super) fn is_attached(before: &str) -> bool {
    let mut before = before.chars().rev();
    match before.next() {
        Some('-' | '.' | '/') => before.next().is_some_and(|char| attaches(char) || char.is_ascii_digit()),
        Some(char) => attaches(char) || matches!(char, '#' | '№'),
        None => false,
    }
}

/// Returns true for `1A`, `1-A` and `1.pdf`, but not for `1. A`.
pub(super) fn is_continued(after: &str) -> bool {
    let mut after = after.chars();
    match after.next() {
        Some('-' | '.' | '/') => after.next().is_some_and(attaches),
        Some(char) => attaches(char),
        None => false,
    }
}

fn groups_of<'a>(text: &'a str, start: usize, run: &'a str) -> Vec<DigitGroup<'a>> {
    let mut groups = Vec::new();
    let mut previous_end = start;
    for found in DIGITS.find_iter(run) {
        let (from, end) = (start + found.start(), start + found.end());
        let separator = &text[previous_end..from];
        groups.push(DigitGroup {
            digits: found.as_str().bytes().map(|byte| byte - b'0').collect(),
            separator,
            start: from,
            end,
            in_brackets: separator.ends_with('(') && text[end..].starts_with(')'),
        });
        previous_end = end;
    }
    groups
}
