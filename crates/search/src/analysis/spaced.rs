//! Numbers, part numbers and initials between blanks, written together: `1 250`, `5Q0 698 151 D`, `J. R. R.`.
//!
//! Queries have no such terms, since they are divided at blanks: documents have both spellings.

use super::fold::cut;
use super::sizes::GROUP_DIGITS;
use super::words::Word;

/// The maximum number of parts.
const MAX_PARTS: usize = 6;
/// The maximum length of the first part of a part number, and of the letters at its end.
const MAX_FIRST: usize = 4;
const MAX_LAST: usize = 2;

/// Calls `visit` with each joined term, the index of its first word and the number of its words.
pub(super) fn for_each_spaced(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let mut first = 0;
    while first < words.len() {
        let length = [digit_groups, part_number, initials].iter().find_map(|of| of(text, &words[first..]));
        if let Some(length) = length {
            let term = words[first..first + length].iter().map(|word| &*word.text).collect();
            visit(cut(term), first, length);
        }
        first += length.unwrap_or(1);
    }
}

/// Returns the number of words that are the digit groups of one number: `1 250`, `3 250 000`.
fn digit_groups(text: &str, words: &[Word<'_>]) -> Option<usize> {
    let first = words.first().filter(|first| first.is_number() && !first.text.starts_with('0'))?;
    let is_after_number =
        text[..first.start].strip_suffix([' ', '.', ',']).is_some_and(|before| before.ends_with(is_digit));
    if first.text.len() > GROUP_DIGITS || is_after_number {
        return None;
    }
    let numbers = run(text, words, |word| word.is_number() && !word.are_decimals);
    let are_groups = words[1..numbers].iter().all(|group| group.text.len() == GROUP_DIGITS);
    (numbers > 1 && numbers <= MAX_PARTS && are_groups).then_some(numbers)
}

/// Returns the number of words of a part number: letters with a digit or a letter, digits, and perhaps letters.
fn part_number(text: &str, words: &[Word<'_>]) -> Option<usize> {
    let first = words.first()?;
    let written = &text[first.start..first.end];
    let is_code = written.len() <= MAX_FIRST
        && written.starts_with(|c: char| c.is_ascii_alphanumeric())
        && written.bytes().any(|byte| byte.is_ascii_uppercase())
        && written.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let has_digit = written.contains(is_digit);
    if !is_code || !has_digit && written.len() > 1 {
        return None;
    }
    let numbers = run(text, words, |word| word.is_number() && word.text.len() > 1) - 1;
    let is_long = words[1..].iter().take(numbers).any(|number| number.text.len() >= GROUP_DIGITS);
    // One letter is a word as well.
    if numbers < if has_digit { 2 } else { GROUP_DIGITS } || numbers >= MAX_PARTS || !is_long {
        return None;
    }
    let is_suffix = |word: &&Word<'_>| {
        let written = &text[word.start..word.end];
        written.len() <= MAX_LAST && written.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    let last = &words[numbers];
    let suffix = words.get(numbers + 1).filter(|word| &text[last.end..word.start] == " ").filter(is_suffix);
    Some(1 + numbers + usize::from(suffix.is_some()))
}

/// Returns the number of words that are initials: letters with a dot, and a blank before the next one.
fn initials(text: &str, words: &[Word<'_>]) -> Option<usize> {
    let is_initial = |word: &Word<'_>| {
        word.text.chars().nth(1).is_none() && text[word.start..].starts_with(char::is_uppercase)
    };
    if !words.first().is_some_and(is_initial) {
        return None;
    }
    let joins = |pair: &&[Word<'_>]| &text[pair[0].end..pair[1].start] == ". " && is_initial(&pair[1]);
    let length = 1 + words.windows(2).take_while(joins).count();
    (2..=MAX_PARTS).contains(&length).then_some(length)
}

/// Returns the number of words up to the last of which a blank each divides, and which all but the first have to be.
fn run(text: &str, words: &[Word<'_>], is_part: impl Fn(&Word<'_>) -> bool) -> usize {
    let continues = |pair: &&[Word<'_>]| &text[pair[0].end..pair[1].start] == " " && is_part(&pair[1]);
    1 + words.windows(2).take_while(continues).count()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn parts_between_blanks_are_written_together() {
        for (text, expected) in [
            ("Loyer 2 480 €, 7 310 000 Kč and 95 000 км", vec!["2480", "7310000", "95000"]),
            ("12 000,50 zł", vec!["12000"]),
            ("in 2024 100 people, 0 250, 12 34, 5 1234", vec![]),
            ("1 250 00, 2. 345", vec![]),
            ("8E0 615 301 Q brake", vec!["8e0615301q"]),
            ("1J0 407 151 B, 06A 115 561", vec!["1j0407151b", "06a115561"]),
            ("A 205 500 04 93", vec!["a2055000493"]),
            ("A 205 people, R2 10 20, iPhone 15 128GB", vec![]),
            ("C. S. Lewis, G. R. R. Martin", vec!["cs", "grr"]),
            ("A. Then B. i. e. this", vec![]),
        ] {
            let mut found = Vec::new();
            for_each_spaced(text, &words(text), |term, _, _| found.push(term));
            assert_eq!(found, expected, "{text}");
        }
    }
}
