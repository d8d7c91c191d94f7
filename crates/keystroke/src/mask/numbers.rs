//! The runs of digit groups in a text.

use std::sync::LazyLock;

use regex::Regex;

/// A maximal run of digit groups, separated by at most three characters.
#[derive(Debug)]
pub(super) struct DigitRun<'a> {
    /// At least one.
    pub(super) groups: Vec<DigitGroup<'a>>,
    /// The start, including a `+` or a bracket.
    start: usize,
    /// A `+` precedes the first group.
    pub(super) has_plus: bool,
    /// A letter directly precedes the first group.
    pub(super) follows_letter: bool,
    /// A letter directly follows the last group.
    pub(super) precedes_letter: bool,
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
    /// The start of `count` groups, including their `+` or bracket.
    pub(super) fn start_of(&self, first: usize, count: usize) -> usize {
        let group = &self.groups[first];
        match (first, self.has_plus) {
            (0, true) => self.start,
            _ if group.in_brackets && count > 1 => group.start - 1,
            _ => group.start,
        }
    }
}

impl DigitGroup<'_> {
    /// The value of a short group.
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

/// Finds the runs of a text.
pub(super) fn runs(text: &str) -> impl Iterator<Item = DigitRun<'_>> {
    RUN.find_iter(text).map(|found| {
        let groups = groups_of(text, found.start(), found.as_str());
        let is_letter = |char: char| char.is_alphabetic() || char == '_';
        DigitRun {
            groups,
            start: found.start(),
            has_plus: found.as_str().starts_with(['+', '＋']),
            follows_letter: text[..found.start()].ends_with(is_letter),
            precedes_letter: text[found.end()..].starts_with(is_letter),
        }
    })
}

fn groups_of<'a>(text: &'a str, start: usize, run: &'a str) -> Vec<DigitGroup<'a>> {
    let mut groups = Vec::new();
    let mut previous_end = start;
    for found in DIGITS.find_iter(run) {
        let (from, end) = (start + found.start(), start + found.end());
        let separator = &text[previous_end..from];
        let has_bracket = separator.ends_with('(');
        groups.push(DigitGroup {
            digits: found.as_str().chars().map(value_of).collect(),
            separator,
            start: from,
            end,
            in_brackets: has_bracket && text[end..].starts_with(')'),
        });
        previous_end = end;
    }
    groups
}

/// The value of a decimal digit: each script has ten contiguous digits from zero on.
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
