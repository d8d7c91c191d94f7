//! The word that is being typed, and what it may become.

use super::super::analysis::words;
use super::super::query::ParsedQuery;

/// The last word of a text that may be the beginning of a longer one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenWord {
    /// What stands before it, white space collapsed.
    pub(super) before: String,
    /// The word, folded as in the index.
    pub(super) word: String,
}

/// The word that is being typed: none after white space, in an exclusion or after a closing quote.
pub(super) fn open_word(text: &str) -> Option<OpenWord> {
    if !ParsedQuery::parse(text).open_end {
        return None;
    }
    let last = words(text).pop().filter(|last| last.end == text.len() && !last.text.is_empty())?;
    let before = &text[..last.start];
    let mut collapsed = before.split_whitespace().collect::<Vec<_>>().join(" ");
    if !collapsed.is_empty() && before.ends_with(char::is_whitespace) {
        collapsed.push(' ');
    }
    Some(OpenWord { before: collapsed, word: last.text.into_owned() })
}

impl OpenWord {
    /// The whole text with another last word.
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
            let open = open_word(text);
            let found = open.map(|open| open.completed_to(&format!("<{}>", open.word)));
            assert_eq!(found.as_deref(), completed, "{text}");
        }
    }
}
