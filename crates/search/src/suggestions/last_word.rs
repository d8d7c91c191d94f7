//! The word that is being typed.

use super::super::analysis::words;
use super::super::query::ParsedQuery;

/// The last word of a text, which may be incomplete.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastWord {
    /// The text before it, with collapsed white space.
    pub(super) before: String,
    /// The folded word.
    pub(super) word: String,
}

impl LastWord {
    /// Returns the last word; `None` after a space or closing quote, and in exclusions.
    pub(super) fn of(text: &str) -> Option<Self> {
        if !ParsedQuery::parse(text).ends_in_prefix {
            return None;
        }
        let last = words(text).pop().filter(|last| last.end == text.len() && !last.text.is_empty())?;
        let before = &text[..last.start];
        let mut collapsed = before.split_whitespace().collect::<Vec<_>>().join(" ");
        if !collapsed.is_empty() && before.ends_with(char::is_whitespace) {
            collapsed.push(' ');
        }
        Some(Self { before: collapsed, word: last.text.into_owned() })
    }

    /// Returns the text with another last word.
    pub(super) fn completed_to(&self, word: &str) -> String {
        format!("{}{word}", self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_the_last_word_only() {
        for (text, completed) in [
            ("sho", Some("<sho>")),
            ("Red  SHO", Some("Red <sho>")),
            ("\"red sho", Some("\"red <sho>")),
            ("O'Ré", Some("O'<re>")),
            ("e-mail", Some("e-<mail>")),
            ("", None),
            ("red ", None),
            ("red sho.", None),
            ("\"red shoes\"", None),
            ("shoes -re", None),
            ("*", None),
            ("\0\u{202e}", None),
        ] {
            let last = LastWord::of(text);
            let text_completed = last.map(|last| last.completed_to(&format!("<{}>", last.word)));
            assert_eq!(text_completed.as_deref(), completed, "{text}");
        }
    }
}
