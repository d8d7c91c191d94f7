//! The tokens of a document, read without the parser.

use std::ops::Range;

use async_graphql::Pos;

const BLOCK_QUOTE: &[u8] = b"\"\"\"";

/// Returns true for a byte of a name or of a number.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.')
}

/// The line and the column of a place in a text.
pub(super) fn position(text: &str, at: usize) -> Pos {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// A name, a number, a string or a punctuator.
pub(super) struct Token {
    pub(super) first: u8,
    /// Its bytes; those of a string that is not closed may exceed the text.
    pub(super) range: Range<usize>,
}

/// The tokens of a text, which need not be valid.
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    /// The first place from `at` on whose byte meets a condition, or the end.
    fn end_of(&self, at: usize, condition: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.iter().position(|byte| condition(*byte)).map_or(self.text.len(), |length| at + length)
    }

    /// The end of a string that begins at a place.
    fn end_of_string(&self, start: usize) -> usize {
        let begins_with =
            |at: usize, mark: &[u8]| self.text.get(at..).is_some_and(|rest| rest.starts_with(mark));
        let is_block = begins_with(start, BLOCK_QUOTE);
        let mut at = start + if is_block { BLOCK_QUOTE.len() } else { 1 };
        while at < self.text.len() {
            at += match self.text[at] {
                b'"' if is_block && begins_with(at, BLOCK_QUOTE) => return at + BLOCK_QUOTE.len(),
                b'\\' if is_block && begins_with(at, br#"\""""#) => 4,
                b'"' | b'\n' | b'\r' if !is_block => return at + 1,
                b'\\' if !is_block => 2,
                _ => 1,
            };
        }
        at
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.at;
            let first = *self.text.get(start)?;
            let end = match first {
                b' ' | b',' | b'\t' | b'\n' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                b'#' => {
                    self.at = self.end_of(start, |byte| matches!(byte, b'\n' | b'\r'));
                    continue;
                }
                b'"' => self.end_of_string(start),
                byte if is_word(byte) => self.end_of(start, |byte| !is_word(byte)),
                _ => start + 1,
            };
            self.at = end;
            return Some(Token { first, range: start..end });
        }
    }
}
