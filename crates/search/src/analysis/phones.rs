//! Phone numbers with blanks and brackets, written together: `(202) 456-1111`.

use std::ops::Range;

use super::words::{Word, words};

/// Numbers of phones have at least this many digits; fewer are amounts and sizes.
const MIN_DIGITS: usize = 9;
const MAX_DIGITS: usize = 15;
const MAX_PARTS: usize = 8;
/// The country code of numbers without a trunk prefix.
const NORTH_AMERICA: &str = "1";
/// The maximum length of the text between two parts, in characters.
const MAX_GAP: usize = 3;
/// The characters between the parts.
const SEPARATORS: &str = " ()-./\u{a0}\u{2009}\u{202f}\u{2010}\u{2011}\u{2012}\u{2013}";

/// Calls `visit` with each term of a phone number, the index of its first word and the number of its words.
///
/// A number with a country code is also a term without it.
pub(super) fn for_each_phone(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let mut first = 0;
    while first < words.len() {
        let end = run_end(text, words, first);
        let run = &words[first..end];
        if is_phone(text, run) {
            let joined = |parts: &[Word<'_>]| parts.iter().map(|part| part.text.as_ref()).collect::<String>();
            visit(joined(run), first, run.len());
            if text[..run[0].start].ends_with('+') {
                let national = joined(&run[1..]);
                if !national.starts_with('0') && run[0].text != NORTH_AMERICA {
                    visit(format!("0{national}"), first + 1, run.len() - 1);
                }
                visit(national, first + 1, run.len() - 1);
            }
        }
        first = end;
    }
}

/// Returns the ranges of phone numbers that begin like one: with a zero, a plus or a bracket.
///
/// Other numbers side by side, such as years, are words of their own in a query.
pub(crate) fn phones(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.bytes().filter(u8::is_ascii_digit).count() < MIN_DIGITS {
        return found;
    }
    let words = words(text);
    let mut first = 0;
    while first < words.len() {
        let end = run_end(text, &words, first);
        let run = &words[first..end];
        if is_phone(text, run) && begins_like_phone(text, &run[0]) {
            found.push(run[0].start..run[run.len() - 1].end);
        }
        first = end;
    }
    found
}

/// Returns the end of the numbers from a word on that separators of phone numbers divide.
fn run_end(text: &str, words: &[Word<'_>], first: usize) -> usize {
    let mut end = first + 1;
    while end < words.len()
        && words[end - 1].is_number()
        && words[end].is_number()
        && is_gap(&text[words[end - 1].end..words[end].start])
    {
        end += 1;
    }
    end
}

fn is_phone(text: &str, run: &[Word<'_>]) -> bool {
    if !(2..=MAX_PARTS).contains(&run.len()) {
        return false;
    }
    let digits: usize = run.iter().map(|part| part.text.len()).sum();
    // Without blanks and brackets, they are joined as parts of a chunk.
    let has_blank =
        run.windows(2).any(|pair| text[pair[0].end..pair[1].start].contains([' ', '(', ')', '\u{a0}']));
    (MIN_DIGITS..=MAX_DIGITS).contains(&digits)
        && has_blank
        && (run.len() > 2 || begins_like_phone(text, &run[0]))
}

/// Returns true for a trunk prefix, a country code or an area code in brackets.
fn begins_like_phone(text: &str, first: &Word<'_>) -> bool {
    first.text.starts_with('0') || text[..first.start].ends_with(['+', '('])
}

fn is_gap(gap: &str) -> bool {
    !gap.is_empty() && gap.chars().nth(MAX_GAP).is_none() && gap.chars().all(|c| SEPARATORS.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        for_each_phone(text, &words(text), |term, _, _| terms.push(term));
        terms
    }

    #[test]
    fn phone_numbers_are_one_term() {
        for (text, expected) in [
            ("call 020 7224 3688 now", vec!["02072243688"]),
            ("(202) 456-1111", vec!["2024561111"]),
            ("+1 202 456 1111", vec!["12024561111", "2024561111"]),
            ("+44 20 7224 3688", vec!["442072243688", "02072243688", "2072243688"]),
            ("+49 (0)30 123456", vec!["49030123456", "030123456"]),
            ("030 12345678, 030/87654321", vec!["03012345678"]),
            ("01 42 68 53 00", vec!["0142685300"]),
        ] {
            assert_eq!(terms(text), expected, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_not() {
        for text in [
            "10 20 30",
            "10 000",
            "555 1234",
            "2023, 2024, 2025",
            "1234567890 1234567890",
            "202-456-1111",
            "12345 67890",
            "one 020 two 7224 3688",
        ] {
            assert_eq!(terms(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn numbers_of_queries_begin_like_phones() {
        for (text, expected) in [
            ("call 020 7224 3688", 1),
            ("(202) 456-1111", 1),
            ("+1 202 456 1111", 1),
            ("2023 2024 2025", 0),
            ("978 3 16 148410 0", 0),
        ] {
            assert_eq!(phones(text).len(), expected, "{text}");
        }
    }
}
