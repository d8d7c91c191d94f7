//! Keystrokes for tests.

use quarry_domain::{InputId, Keystroke, SessionId};

/// Creates a keystroke of an anonymous user in the default input.
pub(crate) fn stroke(session: &str, text: &str) -> Keystroke {
    Keystroke {
        session: SessionId::parse(session).unwrap(),
        user: None,
        input: InputId::default(),
        text: text.to_owned(),
        sequence: None,
        submitted: false,
        result_count: None,
    }
}
