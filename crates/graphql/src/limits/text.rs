//! The size of a text, measured before parsing.
//!
//! The parser recurses, so the nesting of the text must be bounded first.

use crate::tokens::{Tokens, is_word};

/// The measures of a text outside its strings and comments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The deepest nesting of brackets.
    pub(super) nesting: usize,
    /// The number of names, numbers, strings and punctuators.
    pub(super) tokens: usize,
    /// The length of the longest name or number, in bytes.
    pub(super) longest_word: usize,
}

impl Scan {
    /// Measures a text, which need not be valid.
    pub(super) fn of(text: &str) -> Self {
        let mut scan = Self::default();
        let mut depth = 0usize;
        for token in Tokens::of(text) {
            match token.first {
                b'{' | b'[' | b'(' => {
                    depth += 1;
                    scan.nesting = scan.nesting.max(depth);
                }
                b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                byte if is_word(byte) => scan.longest_word = scan.longest_word.max(token.range.len()),
                _ => {}
            }
            scan.tokens += 1;
        }
        scan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_outside_strings_and_comments() {
        let measure = |text: &str| {
            let Scan { nesting, tokens, .. } = Scan::of(text);
            (nesting, tokens)
        };
        assert_eq!(measure("{ a(b: [{c: [1]}]) { d } }"), (5, 19));
        assert_eq!(measure(r#"{ a(b: "[[[\"[[") } # [[["#), (2, 8));
        assert_eq!(measure(r#"{ a(b: """[[ \""" [[""") } "#), (2, 8));
        assert_eq!(measure("\"open [[[\n[["), (2, 3));
        assert_eq!(measure("\"\"\"[[["), (0, 1));
        assert_eq!(measure("\"\\"), (0, 1));
        assert_eq!(measure(" ,\n# only [this"), (0, 0));
        assert_eq!(Scan::of("{ ab(c: \"long\") { def } } # longer").longest_word, 3);
    }
}
