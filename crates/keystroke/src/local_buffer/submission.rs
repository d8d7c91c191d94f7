//! The last submission of an input, which identifies its echoes.

use serde::{Deserialize, Serialize};

use super::run::Millis;
use crate::digest::{Digest, text_digest, user_digest};
use quarry_domain::{Keystroke, UserId};

/// Digests of a submitted text and its user; deleted with the next other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Submission {
    text: Digest,
    user: Option<Digest>,
    pub until: Millis,
}

impl Submission {
    /// Creates a submission. An echo keeps the user of the submission that it repeats, and may add one.
    pub fn new(text: &str, user: Option<&UserId>, until: Millis, previous: Option<&Self>) -> Self {
        let text = text_digest(text);
        let repeated = previous.filter(|previous| previous.text == text);
        let user = repeated.and_then(|previous| previous.user).or_else(|| user.map(user_digest));
        Self { text, user, until }
    }

    /// Returns true if a keystroke repeats the text and names no other user.
    pub fn is_echo(&self, keystroke: &Keystroke) -> bool {
        let is_other =
            |user: &Digest| keystroke.user.as_ref().is_some_and(|other| user_digest(other) != *user);
        !self.user.as_ref().is_some_and(is_other) && text_digest(&keystroke.text) == self.text
    }
}
