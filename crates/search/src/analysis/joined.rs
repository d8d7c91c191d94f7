//! Parts between hyphens, apostrophes and the like, written together.

use super::characters::{is_apostrophe, is_invisible, is_modifier_apostrophe, is_unspaced};
use super::fold::cut;
use super::sizes::{GROUP_DIGITS, is_size_gap};
use super::words::Word;
use quarry_domain::is_accent;

/// The maximum number of parts that are joined: URLs and paths have more.
const MAX_PARTS: usize = 8;
/// The maximum length of joined parts in bytes.
const MAX_BYTES: usize = 64;
/// The maximum number of parts of which pairs are joined as well.
const MAX_PAIRED_PARTS: usize = 4;
/// Stands for the signs between the numbers of a size.
pub(super) const SIZE: char = 'x';
/// Stands for the boundary between a word and the number of a version, or a number and its unit.
const BOUNDARY: char = '\0';
/// The sign of Hebrew abbreviations.
const GERSHAYIM: char = '״';
/// Digits of two numbers that are joined; fewer are ranges and decimals.
const MIN_DIGITS: usize = 6;
/// The sign between the numbers of a folded fraction.
const FRACTION_SLASH: char = '\u{2044}';
/// Pronouns with a verb that are another word without their apostrophe: `we'll` is not `well`.
const CONTRACTIONS: [(&str, &str); 9] = [
    ("he", "ll"),
    ("i", "d"),
    ("i", "ll"),
    ("she", "d"),
    ("she", "ll"),
    ("we", "d"),
    ("we", "ll"),
    ("we", "re"),
    ("who", "re"),
];
/// The fractions with a character.
const FRACTIONS: [(&str, &str); 18] = [
    ("1", "2"),
    ("1", "3"),
    ("2", "3"),
    ("1", "4"),
    ("3", "4"),
    ("1", "5"),
    ("2", "5"),
    ("3", "5"),
    ("4", "5"),
    ("1", "6"),
    ("5", "6"),
    ("1", "7"),
    ("1", "8"),
    ("3", "8"),
    ("5", "8"),
    ("7", "8"),
    ("1", "9"),
    ("1", "10"),
];
/// Hyphens, apostrophes, dots, slashes, underscores and the like, also of full width.
const SEPARATORS: &str = "-'./_&`´·‧＇＆．\u{200b}\u{2010}\u{2011}\u{2012}\u{2013}\u{2018}\u{2019}\u{2044}\u{2212}\u{fe63}\
    \u{ff0d}\u{5be}\u{5f3}\u{5f4}";

/// Calls `visit` with each joined term, the index of its first word and the number of its words.
pub(super) fn for_each_joined(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let mut first = 0;
    while first < words.len() {
        let mut end = first + 1;
        while end < words.len() && separator(text, &words[end - 1], &words[end]).is_some() {
            end += 1;
        }
        if end - first > 1 {
            let parts = &words[first..end];
            join_chunk(text, parts, |from, to| {
                if has_measured_decimals(&parts[from..to]) {
                    return;
                }
                let term = term(text, &parts[from..to]);
                if term.len() <= MAX_BYTES {
                    visit(cut(term), first + from, to - from);
                }
            });
        }
        first = end;
    }
}

/// Returns true for decimals with a unit: without their point, `2.5kg` would be `25kg`.
fn has_measured_decimals(parts: &[Word<'_>]) -> bool {
    parts.windows(2).any(|pair| pair[0].are_decimals && !pair[1].is_number())
}

/// Returns parts written together; a letter stands for the signs of a size.
fn term(text: &str, parts: &[Word<'_>]) -> String {
    if let [numerator, denominator] = parts
        && is_fraction(text, numerator, denominator)
    {
        return format!("{}{FRACTION_SLASH}{}", numerator.text, denominator.text);
    }
    if is_amount(text, parts) {
        let (integer, decimals) = parts.split_at(parts.len() - 1);
        let integer: String = integer.iter().map(|part| &*part.text).collect();
        return format!("{integer}.{}", decimals[0].text);
    }
    if is_contraction(text, parts) {
        return format!("{}'{}", parts[0].text, parts[1].text);
    }
    let mut term = parts[0].text.to_string();
    for pair in parts.windows(2) {
        if separator(text, &pair[0], &pair[1]) == Some(SIZE) {
            term.push(SIZE);
        }
        term.push_str(&pair[1].text);
    }
    term
}

/// Returns true for an English pronoun with a verb that together would be another word.
fn is_contraction(text: &str, parts: &[Word<'_>]) -> bool {
    let [pronoun, verb] = parts else { return false };
    CONTRACTIONS.contains(&(&*pronoun.text, &*verb.text))
        && text[pronoun.end..verb.start].starts_with(is_apostrophe)
}

/// Returns true for two numbers that one character can stand for: `1/2` is `½`.
fn is_fraction(text: &str, numerator: &Word<'_>, denominator: &Word<'_>) -> bool {
    let is_divided = matches!(separator(text, numerator, denominator), Some('/' | FRACTION_SLASH));
    is_divided && FRACTIONS.contains(&(&numerator.text, &denominator.text))
}

/// Returns true for a number of at least a thousand with decimals: `1,299.99`, `1.299,99` and `1299.99` are one.
fn is_amount(text: &str, parts: &[Word<'_>]) -> bool {
    let between = |at: usize| separator(text, &parts[at - 1], &parts[at]);
    let [integer @ .., decimals] = parts else { return false };
    if integer.is_empty() || !parts.iter().all(Word::is_number) {
        return false;
    }
    let point = between(integer.len());
    let is_integer = if let [alone] = integer {
        alone.text.len() > GROUP_DIGITS
    } else {
        let sign = between(1);
        let groups_digits = sign.is_some_and(|c| matches!(c, ',' | '.' | '\'' | '’') || c.is_whitespace());
        groups_digits
            && sign != point
            && are_digit_groups(integer)
            && (2..integer.len()).all(|at| between(at) == sign)
    };
    is_integer && matches!(point, Some('.' | ',')) && decimals.text.len() < GROUP_DIGITS
}

/// Returns true for numbers with the lengths of `1` and `299` in `1,299`.
pub(super) fn are_digit_groups(parts: &[Word<'_>]) -> bool {
    let lengths = || parts.iter().map(|part| part.text.len());
    lengths().next().is_some_and(|first| first <= GROUP_DIGITS)
        && lengths().skip(1).all(|more| more == GROUP_DIGITS)
}

/// Visits the ranges of parts to join, each once.
fn join_chunk(text: &str, parts: &[Word<'_>], mut visit: impl FnMut(usize, usize)) {
    let is_boundary = |at: usize| separator(text, &parts[at - 1], &parts[at]) == Some(BOUNDARY);
    if parts.iter().all(Word::is_number) {
        join_numbers(text, parts, visit);
        return;
    }
    if !(1..parts.len()).any(is_boundary) {
        join_parts(text, parts, visit);
        return;
    }
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    ranges.extend((1..parts.len()).filter(|&at| is_boundary(at)).map(|at| (at - 1, at + 1)));
    // Beside a name or a unit, the numbers are joined as they are without it.
    let mut first = 0;
    for run in parts.chunk_by(|a, b| a.is_number() == b.is_number()) {
        if run.len() > 1 && run[0].is_number() {
            join_numbers(text, run, |from, to| ranges.push((first + from, first + to)));
        }
        first += run.len();
    }
    join_parts(text, parts, |from, to| ranges.push((from, to)));
    ranges.sort_unstable();
    ranges.dedup();
    ranges.into_iter().for_each(|(from, to)| visit(from, to));
}

/// Returns the one character between two parts of a chunk.
pub(super) fn separator(text: &str, before: &Word<'_>, after: &Word<'_>) -> Option<char> {
    let range = before.end..after.start;
    let gap = &text[range.clone()];
    if gap == " " {
        return None;
    }
    if gap.is_empty() {
        return is_boundary(text, before.end).then_some(BOUNDARY);
    }
    if is_size_gap(text, range.start, range.end) {
        return Some(SIZE);
    }
    if is_gershayim(text, range.start, range.end) {
        return Some(GERSHAYIM);
    }
    let mut gap = gap.chars().filter(|&c| !is_invisible(c));
    let (Some(c), None) = (gap.next(), gap.next()) else { return None };
    let joins = match c {
        ',' | '\u{a0}' | '\u{2009}' | '\u{202f}' => before.is_number() && after.is_number(),
        _ => {
            (SEPARATORS.contains(c) || is_modifier_apostrophe(c))
                && !is_single_character(text, before)
                && !is_single_character(text, after)
        }
    };
    joins.then_some(c)
}

/// Returns true for a sign between Hebrew letters that makes an abbreviation: keyboards type quotes for it.
pub(crate) fn is_gershayim(text: &str, start: usize, end: usize) -> bool {
    let is_letter = |c: char| matches!(c, 'א'..='ת');
    // Points can follow a letter.
    let before = text[..start].trim_end_matches(is_accent);
    matches!(&text[start..end], "\"" | "''" | "’’" | "״" | "“" | "”" | "„" | "″" | "‟" | "＂")
        && before.ends_with(is_letter)
        && text[end..].starts_with(is_letter)
}

/// Returns true between a letter of a script with spaces and a digit, where words were divided.
fn is_boundary(text: &str, at: usize) -> bool {
    let is_letter = |c: char| c.is_alphabetic() && !is_unspaced(c);
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) => {
            before.is_ascii_digit() && is_letter(after) || is_letter(before) && after.is_ascii_digit()
        }
        _ => false,
    }
}

/// Returns true for words of scripts without spaces and for pictographs.
fn is_single_character(text: &str, word: &Word<'_>) -> bool {
    text[word.start..word.end].chars().next().is_some_and(|c| is_unspaced(c) || !c.is_alphanumeric())
}

/// Visits the ranges of parts to join: all of them, and each pair of a few.
fn join_parts(text: &str, parts: &[Word<'_>], mut visit: impl FnMut(usize, usize)) {
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
        join_dimensions(text, first, range, &mut visit);
        let is_initials = range.iter().all(|part| part.text.chars().nth(1).is_none());
        if (3..=MAX_PAIRED_PARTS).contains(&range.len()) && !is_initials {
            for at in first..end - 1 {
                let are_numbers = parts[at].is_number() && parts[at + 1].is_number();
                if !are_numbers || separator(text, &parts[at], &parts[at + 1]) == Some(SIZE) {
                    visit(at, at + 2);
                }
            }
        }
        first = end;
    }
}

/// Visits each pair of dimensions of a size, of which decimals have two parts: `1.25 x 60` in `M10 x 1.25 x 60`.
fn join_dimensions(text: &str, first: usize, parts: &[Word<'_>], visit: &mut impl FnMut(usize, usize)) {
    let is_start = |&at: &usize| at == 0 || separator(text, &parts[at - 1], &parts[at]) == Some(SIZE);
    let mut bounds: Vec<usize> = (0..parts.len()).filter(is_start).collect();
    bounds.push(parts.len());
    if bounds.len() == parts.len() + 1 || bounds.len() > MAX_PAIRED_PARTS + 1 {
        // Without decimals, they are pairs of parts.
        return;
    }
    for pair in bounds.windows(3).filter(|pair| pair[2] - pair[0] < parts.len() && pair[2] - pair[0] > 2) {
        visit(first + pair[0], first + pair[2]);
    }
}

/// Visits runs of numbers between equal separators that are one number or code, and codes with several separators.
fn join_numbers(text: &str, parts: &[Word<'_>], mut visit: impl FnMut(usize, usize)) {
    let between = |at: usize| separator(text, &parts[at - 1], &parts[at]);
    if is_mixed_code(parts, between) || is_amount(text, parts) {
        visit(0, parts.len());
    }
    for at in (0..parts.len() - 1).filter(|&at| is_fraction(text, &parts[at], &parts[at + 1])) {
        visit(at, at + 2);
    }
    let mut first = 0;
    while first + 1 < parts.len() {
        let separator = between(first + 1);
        let end = (first + 2..parts.len()).find(|&at| between(at) != separator).unwrap_or(parts.len());
        let run = &parts[first..end];
        let digits: usize = run.iter().map(|part| part.text.len()).sum();
        let is_grouped = run[0].text != "0" && are_digit_groups(run);
        let groups_only = separator.is_some_and(|c| c == ',' || c == '/' || c.is_whitespace());
        let is_decimal = separator == Some('.') && run.len() == 2;
        let is_code = !groups_only && !is_decimal && (run.len() > 2 || digits >= MIN_DIGITS)
            || is_phone_or_code(run, separator, digits);
        let is_size = separator == Some(SIZE);
        if (is_grouped && separator != Some('/') || is_code || is_size) && run.len() <= MAX_PARTS {
            visit(first, end);
            if is_size && (3..=MAX_PAIRED_PARTS).contains(&run.len()) {
                (first..end - 1).for_each(|at| visit(at, at + 2));
            }
        }
        first = end;
    }
}

/// Returns true for a phone number or code with slashes or one dot, which mostly stand for something else.
///
/// Area codes begin with a zero, of which decimals have one alone, and months one digit more. Dates, ranges
/// of years and fractions have at most eight digits.
fn is_phone_or_code(parts: &[Word<'_>], separator: Option<char>, digits: usize) -> bool {
    const MIN_AREA_CODE: usize = 3;
    const MIN_PHONE: usize = 7;
    const MIN_CODE: usize = 9;
    let area_code = &parts[0].text;
    let is_phone = area_code.starts_with('0') && area_code.len() >= MIN_AREA_CODE && digits >= MIN_PHONE;
    match separator {
        Some('/') => is_phone || digits >= MIN_CODE,
        Some('.') => is_phone,
        _ => false,
    }
}

/// Returns true for numbers between several separators that are one code: `2.863-303.0`, not `12.50-14.99`.
fn is_mixed_code(parts: &[Word<'_>], between: impl Fn(usize) -> Option<char>) -> bool {
    let separators: Vec<char> = (1..parts.len()).filter_map(between).collect();
    let is_mixed = separators.windows(2).any(|pair| pair[0] != pair[1]);
    let joins = separators.iter().all(|&c| c != SIZE && c != ',' && !c.is_whitespace());
    let digits: usize = parts.iter().map(|part| part.text.len()).sum();
    let are_decimals = matches!(separators[..], ['.', _, '.'])
        && [1, 3].iter().all(|&at| parts[at].text.len() < GROUP_DIGITS);
    is_mixed && joins && !are_decimals && digits >= MIN_DIGITS && parts.len() <= MAX_PARTS
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
            ("We'll SHE’D it's they're I've", vec!["we'll", "she'd", "its", "theyre", "ive"]),
            ("well-read i.d. we.re", vec!["wellread", "id", "were"]),
            ("node.js AT&T R&D snake_case", vec!["nodejs", "att", "rd", "snakecase"]),
            ("NOR.0707-60", vec!["nor070760", "nor0707"]),
            ("54-QR323014 KYB/WP", vec!["54qr323014", "kybwp"]),
            ("X‑Ray co‐op", vec!["xray", "coop"]),
            ("об\u{2bc}єкт Mo\u{2bb}orea Sa\u{2be}d Ka\u{2bf}b", vec!["обєкт", "moorea", "sad", "kab"]),
            ("rock'n'roll", vec!["rocknroll", "rockn", "nroll"]),
            ("U.S.A.", vec!["usa"]),
            ("zero\u{200b}width", vec!["zerowidth"]),
            ("one two, three. Four (five) - six", vec![]),
            ("東京・大阪 컴퓨터-책상", vec![]),
            ("3D-printer,blue", vec!["3dprinter"]),
            ("ד\"ר ד״ר ד”ר ד''ר", vec!["דר"; 4]),
            ("מנכ\"לית חז\"ל", vec!["מנכלית", "חזל"]),
            ("\"שלום\" a\"b 5\"6", vec![]),
            ("a/b/c/d/e/f/g/h/i", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes_join_with_a_letter() {
        for (text, expected) in [
            ("40x60 30×45 20 x 30 cm", vec!["40x60", "30x45", "20x30"]),
            ("80x28x202", vec!["80x28x202", "80x28", "28x202"]),
            ("M8x40 M6 × 12", vec!["m8x40", "m6x12"]),
            ("30 x 45cm", vec!["30x45", "30x45cm", "45cm"]),
            ("100x100", vec!["100x100"]),
            ("M10 x 1.25 x 60", vec!["m10x125x60", "m10x125", "125x60", "m10x1", "25x60"]),
            ("40\u{202f}×\u{202f}80 ４０ｘ８０", vec!["40x80", "40x80"]),
            ("4 x large, 15 X230", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_join_with_their_name_and_without() {
        for (text, expected) in [
            ("v2.3.1", vec!["v2", "v231", "231"]),
            ("Python3.12", vec!["python3", "python312"]),
            ("2.5kg 0.75-l", vec![]),
            ("第12回 2½", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_join_if_they_are_one() {
        for (text, expected) in [
            ("978-3-16-148410-0", vec!["9783161484100"]),
            ("1,000,000 and 12,500", vec!["1000000", "12500"]),
            (
                "1,299.99 1.299,99 1299.99 1299,9",
                vec!["1299.99", "1299", "1299.99", "1299", "1299.99", "1299.9"],
            ),
            ("1.000.000,50 1\u{202f}000,5", vec!["1000000.50", "1000000", "1000.5", "1000"]),
            ("1,299.999 299.99 12,99.99 1,299,99", vec!["1299"]),
            ("1\u{202f}234\u{202f}567 1'000'000", vec!["1234567", "1000000"]),
            ("10\u{a0}000", vec!["10000"]),
            ("2020-07-13", vec!["20200713"]),
            ("555-1234", vec!["5551234"]),
            ("3.14 10-12 3.14159265 0.125 24/7 1,5", vec![]),
            ("1/2 1-3/4", vec!["1⁄2", "3⁄4"]),
            ("10 000", vec![]),
            ("12.5-13.5 12.50-14.99", vec![]),
            ("2.863-303.0", vec!["28633030", "2863"]),
            ("7.0520-1.5 4711/0815-1", vec!["7052015", "471108151"]),
            ("3/8-16 1.4301", vec!["3⁄8"]),
            ("040/445566 0221/99887766", vec!["040445566", "022199887766"]),
            ("040.445566 089.4455", vec!["040445566", "0894455"]),
            ("93/815/08152 123456/7890", vec!["9381508152", "1234567890"]),
            ("12/2024 24/12/2024 2023/2024 09/1999 7/16 120/80", vec![]),
            ("0.12345678 09.2024 10.123456 2024.0456", vec![]),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }
}
