//! Bounds of errors: many errors or long names do not produce a large response.

use std::borrow::Cow;
use std::fmt;

use async_graphql::ServerError;

/// The maximum number of errors of a document.
const MAX_ERRORS: usize = 20;
/// The maximum length of the message of a request error, in bytes.
const MAX_MESSAGE_BYTES: usize = 500;
/// The maximum length of a client's text that a message quotes, in bytes.
const MAX_QUOTED_BYTES: usize = 200;

/// Keeps the first errors and shortens their messages.
pub(super) fn bounded(mut errors: Vec<ServerError>) -> Vec<ServerError> {
    errors.truncate(MAX_ERRORS);
    for error in &mut errors {
        shorten(&mut error.message);
    }
    errors
}

/// Truncates a message.
pub(super) fn shorten(message: &mut String) {
    if message.len() > MAX_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        message.push('…');
    }
}

/// The excerpt of a client's text that a message may quote.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_QUOTED_BYTES {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_QUOTED_BYTES)]).into()
}

/// A quoted excerpt of a client's text, escaped as in JSON and GraphQL.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = serde_json::to_string(&excerpt(self.0)).map_err(|_| fmt::Error)?;
        f.write_str(&quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_escaped_as_in_json() {
        let quoted = Quoted("a\"b\\c\n\u{1}é\u{202e}").to_string();
        assert_eq!(quoted, "\"a\\\"b\\\\c\\n\\u0001é\u{202e}\"");
    }

    #[test]
    fn errors_and_their_messages_are_bounded() {
        let long = "ü".repeat(10_000);
        let errors = bounded((0..100).map(|_| ServerError::new(long.clone(), None)).collect());
        assert_eq!(errors.len(), MAX_ERRORS);
        assert!(errors.iter().all(|error| error.message.len() < MAX_MESSAGE_BYTES + 8));
        assert_eq!(bounded(vec![ServerError::new("short", None)])[0].message, "short");
    }

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt("short"), "short");
        let long = format!("a{}", "ü".repeat(200));
        assert_eq!(excerpt(&long), format!("a{}…", "ü".repeat(99)));
    }
}
