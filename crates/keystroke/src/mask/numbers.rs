//! Finds the runs of digits in a text, in groups.

use std::sync::LazyLock;

use regex::Regex;

/// Digits in groups, with at most three separators between each two: as long as can be.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// At least one.
    pub(super) groups: Vec<Group<'a>>,
    /// Where it starts, with a `+` or a bracket.
    start: usize,
    /// A `+` stands before the first group.
    pub(super) has_plus: bool,
    /// A letter stands directly before the first group.
    pub(super) follows_letter: bool,
    /// A letter stands directly behind the last group.
    pub(super) precedes_letter: bool,
}

/// Digits without anything between.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// Their values.
    pub(super) digits: Vec<u8>,
    /// What stands between the group before and this one.
    pub(super) separator: &'a str,
    /// Where it starts.
    pub(super) start: usize,
    /// Where it ends, without a bracket behind.
    pub(super) end: usize,
    /// It stands in brackets.
    pub(super) in_brackets: bool,
}

impl Run<'_> {
    /// Where so many groups start, with a `+` or a bracket that belongs to them.
    pub(super) fn start_of(&self, first: usize, count: usize) -> usize {
        let group = &self.groups[first];
        match (first, self.has_plus) {
            (0, true) => self.start,
            _ if group.in_brackets && count > 1 => group.start - 1,
            _ => group.start,
        }
    }
}

impl Group<'_> {
    /// The number that the digits make, for groups that are short.
    pub(super) fn value(&self) -> u32 {
        self.digits
            .iter()
            .fold(0, |value: u32, digit| value.saturating_mul(10).saturating_add((*digit).into()))
    }
}

static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:[+＋][\s(]?)?\(?\d+(?:[\s().\-‐‑‒–/]{1,3}\d+)*"));
static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
static DIGIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// The runs of a text, in order.
pub(super) fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    RUN.find_iter(text).map(|found| {
        let groups = groups_of(text, found.start(), found.as_str());
        let is_letter = |char: char| char.is_alphabetic() || char == '_';
        Run {
            groups,
            start: found.start(),
            has_plus: found.as_str().starts_with(['+', '＋']),
            follows_letter: text[..found.start()].ends_with(is_letter),
            precedes_letter: text[found.end()..].starts_with(is_letter),
        }
    })
}

fn groups_of<'a>(text: &'a str, start: usize, run: &'a str) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let mut behind = start;
    for found in DIGITS.find_iter(run) {
        let (from, end) = (start + found.start(), start + found.end());
        let separator = &text[behind..from];
        let has_bracket = separator.ends_with('(');
        groups.push(Group {
            digits: found.as_str().chars().map(value_of).collect(),
            separator,
            start: from,
            end,
            in_brackets: has_bracket && text[end..].starts_with(')'),
        });
        behind = end;
    }
    groups
}

/// The value of a decimal digit: digits of a script stand in tens without a gap, from zero on.
fn value_of(digit: char) -> u8 {
    if let Some(value) = digit.to_digit(10) {
        return value as u8;
    }
    let is_digit = |code: u32| {
        let mut buffer = [0; 4];
        char::from_u32(code).is_some_and(|char| DIGIT.is_match(char.encode_utf8(&mut buffer)))
    };
    let below = (0..u32::from(digit)).rev().take_while(|code| is_digit(*code)).count();
    (below % 10) as u8
}
