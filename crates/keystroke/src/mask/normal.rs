//! A text whose digits, hyphens and full-width characters are ASCII, with its original positions.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Stands for hidden characters: no detector reads across it.
const HIDDEN: char = '\u{1a}';

static DIGIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d$"));

/// Compiles a built-in pattern.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// A normalized text.
pub(super) struct NormalText {
    text: String,
    /// The original position of each byte and of the end; empty for identical positions.
    origins: Vec<usize>,
}

impl NormalText {
    pub(super) fn of(text: &str) -> Self {
        if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control()) {
            return Self { text: text.to_owned(), origins: Vec::new() };
        }
        let mut normal = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len() + 1);
        for (position, char) in text.char_indices() {
            let after_digit = normal.ends_with(|char: char| char.is_ascii_digit());
            if let Some(char) = normalized(char, after_digit) {
                normal.push(char);
                origins.resize(normal.len(), position);
            }
        }
        origins.push(text.len());
        Self { text: normal, origins }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The range of the original text.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        if self.origins.is_empty() {
            return range.clone();
        }
        self.origins[range.start]..self.origins[range.end]
    }

    /// Hides a range.
    pub(super) fn hide(&mut self, range: Range<usize>) {
        let hidden = HIDDEN.to_string().repeat(range.len());
        self.text.replace_range(range, &hidden);
    }
}

/// The normalized character, or `None` for an invisible one.
fn normalized(char: char, after_digit: bool) -> Option<char> {
    Some(match char {
        ' '..='~' => char,
        '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => return None,
        _ if char.is_whitespace() || char.is_control() => ' ',
        // The mark of a long vowel is a hyphen between digits.
        'ー' | 'ｰ' if after_digit => '-',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' | '⁃' => '-',
        '﹫' => '@',
        '⁄' | '∕' => '/',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        _ if char.is_numeric() => digit_value(char).map_or(char, |value| char::from(b'0' + value)),
        _ => char,
    })
}

/// The value of a decimal digit: each script has ten contiguous digits from zero on.
fn digit_value(digit: char) -> Option<u8> {
    let is_digit = |code: u32| {
        let mut buffer = [0; 4];
        char::from_u32(code).is_some_and(|char| DIGIT.is_match(char.encode_utf8(&mut buffer)))
    };
    let below = (0..=u32::from(digit)).rev().take_while(|code| is_digit(*code)).count();
    below.checked_sub(1).map(|below| (below % 10) as u8)
}

/// Returns true for a letter that attaches to a digit beside it: a script without spaces does not.
pub(super) fn attaches(char: char) -> bool {
    let is_spaced = !matches!(char, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        && char < '\u{2e80}';
    char == '_' || (char.is_alphabetic() && is_spaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_hyphens_and_widths_become_ascii() {
        for (text, expected) in [
            ("０９０－１２３４", "090-1234"),
            ("٠١٢ ۴۵ १२ ৯", "012 45 12 9"),
            ("𝟒𝟐‑𝟙–7—8", "42-1-7-8"),
            ("ａｎｎａ＠ｂ．ｃ", "anna@b.c"),
            ("\u{202a}+49\u{a0}1\u{202c}", "+49 1"),
            ("１ー２ デー", "1-2 デー"),
            ("½ ² Ⅳ 三", "½ ² Ⅳ 三"),
        ] {
            assert_eq!(NormalText::of(text).text(), expected);
        }
    }

    #[test]
    fn positions_are_those_of_the_original() {
        let text = "tel ０９\u{200b}０ é";
        let normal = NormalText::of(text);
        assert_eq!(normal.text(), "tel 090 é");
        assert_eq!(&text[normal.original(&(4..7))], "０９\u{200b}０");
        assert_eq!(&text[normal.original(&(0..10))], text);
    }
}
