//! Sizes and versions within words: `40x60`, `50 × 70 cm`, `v2.3.1`, `2.5kg`.
//!
//! Each of their numbers is a word, so that they match in parts, in any spelling, and beside a unit.

/// Multiplication signs, and the letters that stand for them between digits.
const SIGNS: [char; 10] = ['x', 'X', 'ｘ', 'Ｘ', 'х', 'Х', '×', '✕', '✖', '⨯'];
/// The selector that makes `✖` a pictograph.
const PICTOGRAPH_SELECTOR: char = '\u{fe0f}';
/// The digits of a group of thousands.
pub(super) const GROUP_DIGITS: usize = 3;

/// Returns true for a space within a line: typesetters write narrow ones that do not break.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{3000}')
}

/// Returns true for a decimal digit, also of full width.
fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | '０'..='９')
}

/// Returns true for a sign between digits, with a blank on either side or without.
///
/// A letter has blanks on both sides or on none: in `15 X230`, it belongs to a name.
pub(super) fn is_size_sign(text: &str, start: usize, end: usize) -> bool {
    let Some(sign) = text[start..end].chars().next().filter(|c| SIGNS.contains(c)) else { return false };
    if sign.len_utf8() != end - start {
        return false;
    }
    let (before, after) = (&text[..start], text[end..].trim_start_matches(PICTOGRAPH_SELECTOR));
    let (number, next) = (before.strip_suffix(is_blank), after.strip_prefix(is_blank));
    let is_even = number.is_some() == next.is_some();
    ends_in_digit(number.unwrap_or(before))
        && begins_with_digit(next.unwrap_or(after))
        && (is_even || !sign.is_alphabetic())
}

/// Returns true if the text between two words is a multiplication sign between digits.
pub(super) fn is_size_gap(text: &str, start: usize, end: usize) -> bool {
    let gap = &text[start..end];
    let sign = gap.trim_matches(is_beside_sign);
    let from = start + gap.find(sign).unwrap_or(0);
    !sign.is_empty() && is_size_sign(text, from, from + sign.len())
}

fn is_beside_sign(c: char) -> bool {
    is_blank(c) || c == PICTOGRAPH_SELECTOR
}

/// Returns true if the character at an offset is a blank within a size.
pub(crate) fn is_within_size(text: &str, blank: usize) -> bool {
    let Some(space) = text[blank..].chars().next().filter(|&c| is_blank(c)) else { return false };
    let start = blank + space.len_utf8();
    let (before, after) = (text[..blank].trim_end_matches(PICTOGRAPH_SELECTOR), &text[start..]);
    let last = before.chars().next_back().map_or(0, char::len_utf8);
    let next = after.chars().next().map_or(0, char::len_utf8);
    is_size_sign(text, before.len() - last, before.len()) || is_size_sign(text, start, start + next)
}

/// Calls `visit` with the offsets of each word of a run of letters and digits.
pub(super) fn for_each_part(text: &str, start: usize, end: usize, mut visit: impl FnMut(usize, usize)) {
    let run = &text[start..end];
    if !run.contains(is_digit) {
        if !is_size_sign(text, start, end) {
            visit(start, end);
        }
        return;
    }
    let mut from = start;
    for (at, c) in run.char_indices() {
        let (at, after) = (start + at, start + at + c.len_utf8());
        if SIGNS.contains(&c) && at > start && after < end && is_size_sign(text, at, after) {
            visit(from, at);
            from = after;
        }
    }
    match unit_from(text, from, end).or_else(|| number_from(text, from, end)) {
        Some(middle) => {
            visit(from, middle);
            visit(middle, end);
        }
        None => visit(from, end),
    }
}

/// Returns the offset of the unit after the last number of a size or decimal: `60cm` in `40x60cm`.
fn unit_from(text: &str, start: usize, end: usize) -> Option<usize> {
    let word = &text[start..end];
    let digits = word.len() - word.trim_start_matches(is_digit).len();
    let is_number_and_unit =
        digits > 0 && digits < word.len() && word[digits..].chars().all(char::is_alphabetic);
    if !is_number_and_unit {
        return None;
    }
    let before = &text[..start];
    let is_decimal = before.strip_suffix(is_point).is_some_and(ends_in_digit);
    let sign = before.trim_end_matches(is_beside_sign);
    let length = sign.chars().next_back().map_or(0, char::len_utf8);
    let is_size = is_size_sign(text, sign.len() - length, sign.len());
    (is_decimal || is_size).then_some(start + digits)
}

/// Returns the offset of the number that begins a version: `2` in `v2.3.1`, `3` in `Python3.12`.
fn number_from(text: &str, start: usize, end: usize) -> Option<usize> {
    let word = &text[start..end];
    let letters = word.trim_end_matches(is_digit);
    let is_name_and_number =
        !letters.is_empty() && letters.len() < word.len() && letters.chars().all(char::is_alphabetic);
    let is_dotted = text[end..].strip_prefix(['.', '．']).is_some_and(begins_with_digit);
    (is_name_and_number && is_dotted).then_some(start + letters.len())
}

/// Returns true for digits after the point of a decimal: `5` in `2.5 kg`, not in `2.5.1` or `1.500`.
pub(super) fn are_decimals(text: &str, start: usize, end: usize) -> bool {
    let number = &text[start..end];
    if !number.starts_with(is_digit) {
        return false;
    }
    let Some(before) = text[..start].strip_suffix(is_point) else { return false };
    let integer = &before[before.trim_end_matches(is_digit).len()..];
    let chars = integer.chars().count();
    let is_chained = |before: &str| before.strip_suffix(is_point).is_some_and(ends_in_digit);
    let is_group = number.chars().count() == GROUP_DIGITS && chars <= GROUP_DIGITS && integer != "0";
    chars > 0
        && number.chars().all(is_digit)
        && !is_group
        && (chars == 1 || !integer.starts_with(['0', '０']))
        && !is_chained(&before[..before.len() - integer.len()])
        && !text[end..].strip_prefix(is_point).is_some_and(begins_with_digit)
}

fn is_point(c: char) -> bool {
    matches!(c, '.' | ',' | '．' | '，')
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(is_digit)
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(is_digit)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn parts(text: &str) -> String {
        words(text).iter().map(|word| word.text.as_ref()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_of_sizes_are_words() {
        for (text, expected) in [
            ("Poster 40x60 cm", "poster 40 60 cm"),
            ("30×45", "30 45"),
            ("30 × 45 cm", "30 45 cm"),
            ("30 x 45cm", "30 45 cm"),
            ("80X28X202 cm", "80 28 202 cm"),
            ("50х70", "50 70"),
            ("6✕8 6 ✖\u{fe0f} 8 6⨯ 8", "6 8 6 8 6 8"),
            ("M8x40 M10 x 60", "m8 40 m10 60"),
            ("1920x1080p", "1920 1080 p"),
            ("40\u{202f}×\u{202f}80 M8\u{a0}x\u{a0}50", "40 80 m8 50"),
            ("３．９ｘ３５ Ｍ８　ｘ　５０", "3 9 35 m8 50"),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn names_and_codes_keep_their_letters() {
        for (text, expected) in [
            ("ThinkPad 15 X230", "thinkpad 15 x230"),
            ("2x faster, x2", "2x faster x2"),
            ("a x b", "a x b"),
            ("5 x", "5 x"),
            ("x 5 ✖ y", "x 5 ✖ y"),
            ("mp3 16gb b2b", "mp3 16gb b2b"),
            ("1a2.3 v2 v2.x", "1a2 3 v2 v2 x"),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_of_versions_and_decimals_are_words() {
        for (text, expected) in [
            ("release v2.3.1", "release v 2 3 1"),
            ("Python3.12 USB3.1", "python 3 12 usb 3 1"),
            ("V10.4-rc1", "v 10 4 rc1"),
            ("2.5kg 1,5l", "2 5 kg 1 5 l"),
            ("22.04LTS", "22 04 lts"),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn decimals_are_no_numbers_of_their_own() {
        for (text, expected) in [
            ("2.5 kg 12,5kg 0.125 l", "2 .5 kg 12 .5 kg 0 .125 l"),
            ("３．９ × 3.5mm", "3 .9 3 .5 mm"),
            ("1299.99 v2.3 1.25-1.75", "1299 .99 v 2 .3 1 .25 1 .75"),
            ("2.3.1 24.12.2024 1,299.99 10.0.0.1", "2 3 1 24 12 2024 1 299 99 10 0 0 1"),
            ("1.500 12,500 030.123456 5. 5 a.5 5.a", "1 500 12 500 030 123456 5 5 a 5 5 a"),
        ] {
            let terms: Vec<_> = words(text).iter().map(|word| word.term().into_owned()).collect();
            assert_eq!(terms.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn blanks_are_within_sizes() {
        let within = |text: &str| {
            let blanks = text.match_indices(char::is_whitespace);
            blanks.filter(|&(at, _)| is_within_size(text, at)).count()
        };
        for (text, expected) in [
            ("50 x 70 cm", 2),
            ("50× 70", 1),
            ("8 × 2 × 1", 4),
            ("50\u{a0}x\u{a0}70 cm", 2),
            ("50\nx\n70", 0),
            ("50 x cm", 0),
            ("15 x230 2", 0),
            ("é x", 0),
        ] {
            assert_eq!(within(text), expected, "{text}");
        }
    }
}
