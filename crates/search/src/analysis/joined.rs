//! Parts between hyphens, apostrophes and the like, written together.

use super::characters::{is_invisible, is_unspaced};
use super::fold::cut;
use super::words::Word;

/// The maximum number of parts that are joined: URLs and paths have more.
const MAX_PARTS: usize = 8;
/// The maximum length of joined parts in bytes.
const MAX_BYTES: usize = 64;
/// The maximum number of parts of which pairs are joined as well.
const MAX_PAIRED_PARTS: usize = 4;
/// Digits of two numbers that are joined; fewer are ranges and decimals.
const MIN_DIGITS: usize = 6;
const GROUP_DIGITS: usize = 3;
/// Hyphens, apostrophes, dots, slashes, underscores and the like, also of full width.
const SEPARATORS: &str = "-'./_&`´·‧＇＆．\u{200b}\u{2010}\u{2011}\u{2012}\u{2013}\u{2018}\u{2019}\u{2044}\u{2212}\u{fe63}\
    \u{ff0d}\u{2b9}\u{2bc}\u{5be}\u{5f3}\u{5f4}";

/// Calls `visit` with each joined term, the index of its first word and the number of its words.
pub(super) fn for_each_joined(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let mut first = 0;
    while first < words.len() {
        let mut end = first + 1;
        while end < words.len() && separator(text, &words[end - 1], &words[end]).is_some() {
            end += 1;
        }
        if end - first > 1 {
            join_parts(text, &words[first..end], |from, to| {
                let term: String =
                    words[first + from..first + to].iter().map(|word| word.text.as_ref()).collect();
                if term.len() <= MAX_BYTES {
                    visit(cut(term), first + from, to - from);
                }
            });
        }
        first = end;
    }
}

/// Returns the one character between two parts of a chunk.
fn separator(text: &str, before: &Word<'_>, after: &Word<'_>) -> Option<char> {
    let gap = &text[before.end..after.start];
    if gap == " " {
        return None;
    }
    let mut gap = gap.chars().filter(|&c| !is_invisible(c));
    let (Some(c), None) = (gap.next(), gap.next()) else { return None };
    let joins = match c {
        ',' | '\u{a0}' | '\u{2009}' | '\u{202f}' => is_number(before) && is_number(after),
        _ => {
            SEPARATORS.contains(c) && !is_single_character(text, before) && !is_single_character(text, after)
        }
    };
    joins.then_some(c)
}

/// Returns true for words of scripts without spaces and for pictographs.
fn is_single_character(text: &str, word: &Word<'_>) -> bool {
    text[word.start..word.end].chars().next().is_some_and(|c| is_unspaced(c) || !c.is_alphanumeric())
}

fn is_number(word: &Word<'_>) -> bool {
    word.text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Visits the ranges of parts to join: all of them, and each pair of a few.
fn join_parts(text: &str, parts: &[Word<'_>], mut visit: impl FnMut(usize, usize)) {
    if parts.iter().all(is_number) {
        join_numbers(text, parts, visit);
        return;
    }
    // Commas and spaces group digits, and do not join words.
    let divides =
        |at: usize| separator(text, &parts[at - 1], &parts[at]).is_none_or(|c| c == ',' || c.is_whitespace());
    let mut first = 0;
    while first < parts.len() {
        let end = (first + 1..parts.len()).find(|&at| divides(at)).unwrap_or(parts.len());
        let range = &parts[first..end];
        if (2..=MAX_PARTS).contains(&range.len()) {
            visit(first, end);
        }
        let is_initials = range.iter().all(|part| part.text.chars().nth(1).is_none());
        if (3..=MAX_PAIRED_PARTS).contains(&range.len()) && !is_initials {
            for at in first..end - 1 {
                if !(is_number(&parts[at]) && is_number(&parts[at + 1])) {
                    visit(at, at + 2);
                }
            }
        }
        first = end;
    }
}

/// Visits runs of numbers between equal separators that are one number or code.
fn join_numbers(text: &str, parts: &[Word<'_>], mut visit: impl FnMut(usize, usize)) {
    let between = |at: usize| separator(text, &parts[at - 1], &parts[at]);
    let mut first = 0;
    while first + 1 < parts.len() {
        let separator = between(first + 1);
        let end = (first + 2..parts.len()).find(|&at| between(at) != separator).unwrap_or(parts.len());
        let run = &parts[first..end];
        let digits: usize = run.iter().map(|part| part.text.len()).sum();
        let is_grouped = run[0].text.len() <= GROUP_DIGITS
            && run[0].text != "0"
            && run[1..].iter().all(|part| part.text.len() == GROUP_DIGITS);
        let groups_only = separator.is_some_and(|c| c == ',' || c == '/' || c.is_whitespace());
        let is_decimal = separator == Some('.') && run.len() == 2;
        let is_code = !groups_only && !is_decimal && (run.len() > 2 || digits >= MIN_DIGITS);
        if (is_grouped && separator != Some('/') || is_code) && run.len() <= MAX_PARTS {
            visit(first, end);
        }
        first = end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn joined(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        for_each_joined(text, &words(text), |term, _, _| terms.push(term));
        terms
    }

    #[test]
    fn parts_are_written_together() {
        for (text, expected) in [
            ("WD-40 Wi-Fi e-mail", vec!["wd40", "wifi", "email"]),
            ("O'Sullivan O’Connor L'Oréal don't", vec!["osullivan", "oconnor", "loreal", "dont"]),
            ("node.js AT&T R&D snake_case", vec!["nodejs", "att", "rd", "snakecase"]),
            ("NOR.0707-60", vec!["nor070760", "nor0707"]),
            ("54-QR323014 KYB/WP", vec!["54qr323014", "kybwp"]),
            ("X‑Ray co‐op", vec!["xray", "coop"]),
            ("rock'n'roll", vec!["rocknroll", "rockn", "nroll"]),
            ("U.S.A.", vec!["usa"]),
            ("zero\u{200b}width", vec!["zerowidth"]),
            ("one two, three. Four (five) - six", vec![]),
            ("東京・大阪 컴퓨터-책상", vec![]),
            ("3D-printer,blue", vec!["3dprinter"]),
            ("a/b/c/d/e/f/g/h/i", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_join_if_they_are_one() {
        for (text, expected) in [
            ("978-3-16-148410-0", vec!["9783161484100"]),
            ("1,000,000 and 12,500", vec!["1000000", "12500"]),
            ("1.000.000,50", vec!["1000000"]),
            ("1\u{202f}234\u{202f}567 1'000'000", vec!["1234567", "1000000"]),
            ("10\u{a0}000", vec!["10000"]),
            ("2020-07-13", vec!["20200713"]),
            ("555-1234", vec!["5551234"]),
            ("3.14 10-12 3.14159265 0.125 1/2 1,5", vec![]),
            ("10 000", vec![]),
            ("12.5-13.5", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }
}
