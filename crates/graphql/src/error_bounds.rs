//! Bounds of errors: a small document with many faults, or with long names, does not produce a response
//! of many times its size.

use std::borrow::Cow;

use async_graphql::ServerError;

/// Errors of one document.
const MAX_ERRORS: usize = 20;
/// The longest message before anything runs, in bytes: what the client sent is but a part of it.
const MAX_MESSAGE_BYTES: usize = 500;
/// The most of a client's text that a message quotes, in bytes.
const MAX_QUOTED_BYTES: usize = 200;

/// Leaves the first errors, with messages of a bounded length.
pub(super) fn bounded(mut errors: Vec<ServerError>) -> Vec<ServerError> {
    errors.truncate(MAX_ERRORS);
    for error in &mut errors {
        shorten(&mut error.message);
    }
    errors
}

/// Cuts a message of something that is not run.
pub(super) fn shorten(message: &mut String) {
    if message.len() > MAX_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        message.push('…');
    }
}

/// The part of a client's text that a message may quote.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_QUOTED_BYTES {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_QUOTED_BYTES)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_their_messages_are_bounded() {
        let long = "ü".repeat(10_000);
        let errors = bounded((0..100).map(|_| ServerError::new(long.clone(), None)).collect());
        assert_eq!(errors.len(), MAX_ERRORS);
        assert!(errors.iter().all(|error| error.message.len() < MAX_MESSAGE_BYTES + 8));
        assert_eq!(bounded(vec![ServerError::new("short", None)])[0].message, "short");
    }

    #[test]
    fn excerpts_are_cut_between_characters() {
        assert_eq!(excerpt("short"), "short");
        let long = format!("a{}", "ü".repeat(200));
        assert_eq!(excerpt(&long), format!("a{}…", "ü".repeat(99)));
    }
}
