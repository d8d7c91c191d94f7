//! Text being typed: the words before the last one, and the last one.

use super::analysis::{is_unspaced, words};
use super::query::ParsedQuery;

/// A text whose last word is incomplete, or still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedText {
    /// The text before the last word, with collapsed white space.
    pub(crate) before: String,
    /// The last word, folded; empty after a space.
    pub(crate) word: String,
    /// The last word as it was typed.
    pub(crate) written: String,
}

impl TypedText {
    /// Divides a text; `None` after closing quotes and punctuation, and in exclusions.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let trimmed = text.trim_end();
        if !ParsedQuery::parse(trimmed).ends_in_prefix {
            return None;
        }
        let last = words(trimmed).pop().filter(|last| last.end == trimmed.len())?;
        if trimmed.len() < text.len() {
            return Some(Self { before: collapsed(text), word: String::new(), written: String::new() });
        }
        Some(Self {
            before: collapsed(&text[..last.start]),
            written: text[last.start..].to_owned(),
            word: last.text.into_owned(),
        })
    }

    /// Returns true if the last word joins the one before, as in `wi-f`.
    pub(crate) fn is_joined(&self) -> bool {
        let is_part = !self.before.ends_with(char::is_whitespace) && !words(&self.before).is_empty();
        is_part && !self.written.starts_with(is_unspaced)
    }

    /// Returns the text with another last word.
    pub(crate) fn completed_to(&self, word: &str) -> String {
        format!("{}{word}", self.before)
    }
}

fn collapsed(text: &str) -> String {
    let mut collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !collapsed.is_empty() && text.ends_with(char::is_whitespace) {
        collapsed.push(' ');
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_before_the_last_word() {
        for (text, divided) in [
            ("sho", Some("<sho>")),
            ("Red  SHO", Some("Red <sho>")),
            ("\"red sho", Some("\"red <sho>")),
            ("O'Ré", Some("O'<re>")),
            ("e-mail", Some("e-<mail>")),
            ("red ", Some("red <>")),
            (" red  shoes\t", Some("red shoes <>")),
            ("", None),
            (" ", None),
            ("red sho.", None),
            ("red sho. ", None),
            ("\"red shoes\"", None),
            ("\"red shoes\" ", None),
            ("shoes -re", None),
            ("shoes -re ", None),
            ("c++ ", None),
            ("*", None),
            ("\0\u{202e}", None),
        ] {
            let typed = TypedText::of(text).map(|typed| typed.completed_to(&format!("<{}>", typed.word)));
            assert_eq!(typed.as_deref(), divided, "{text}");
        }
    }

    #[test]
    fn a_word_joins_the_one_before_without_a_space() {
        for (text, expected) in [("wi-f", true), ("\"re", false), ("wi f", false), ("東京タ", false)] {
            assert_eq!(TypedText::of(text).unwrap().is_joined(), expected, "{text}");
        }
    }
}
