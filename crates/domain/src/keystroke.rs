use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SearchContext, Timestamp, check_text};

/// The longest session, user or input id in characters, bounded by database indexes.
pub const MAX_ID_CHARS: usize = 128;
/// The longest text of a keystroke in bytes.
pub const MAX_KEYSTROKE_BYTES: usize = 4 << 10;

/// An invalid field of a keystroke, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidKeystroke {
    /// The field's name in the schema.
    pub field: &'static str,
    /// The problem.
    pub problem: String,
}

impl InvalidKeystroke {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// The client's id of a session: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

/// The client's id of a logged-in user: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

/// The id of a search box or tab in a session: at most 128 characters.
///
/// Empty in sessions with a single search box.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputId(String);

impl SessionId {
    /// Validates an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_filled("sessionId", id)?;
        check_id("sessionId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserId {
    /// Validates an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_filled("userId", id)?;
        check_id("userId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InputId {
    /// Validates an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_id("inputId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_filled(field: &'static str, id: &str) -> Result<(), InvalidKeystroke> {
    if id.trim().is_empty() {
        return Err(InvalidKeystroke::new(field, "is empty: give it at least one character"));
    }
    Ok(())
}

fn check_id(field: &'static str, id: &str) -> Result<(), InvalidKeystroke> {
    check_text(id, MAX_ID_CHARS).map_err(|problem| InvalidKeystroke::new(field, problem))
}

/// The content of a search box after a keystroke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keystroke {
    /// The user's session.
    pub session: SessionId,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The search box or tab of the session.
    pub input: InputId,
    /// The whole content of the search box.
    pub text: String,
    /// The client's sequence number.
    pub sequence: Option<i64>,
    /// Enter was pressed or a suggestion chosen: the search is final.
    pub submitted: bool,
    /// The number of documents found, if known: a packed [`FoundCount`](super::FoundCount).
    pub result_count: Option<i64>,
    /// An input method is composing the text.
    pub composing: bool,
    /// The facts about the request.
    pub context: SearchContext,
}

impl Keystroke {
    /// Validates the text and the count; the ids are valid by construction.
    pub fn checked(self) -> Result<Self, InvalidKeystroke> {
        let bytes = self.text.len();
        if bytes > MAX_KEYSTROKE_BYTES {
            let problem = format!("is {bytes} bytes long: send at most {MAX_KEYSTROKE_BYTES}");
            return Err(InvalidKeystroke::new("text", problem));
        }
        if self.result_count.is_some_and(|count| count < 0) {
            return Err(InvalidKeystroke::new("resultCount", "is negative: send the number of documents"));
        }
        Ok(self)
    }
}

/// A buffered keystroke, within the run of its session and input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferedKeystroke {
    /// The time of arrival by the buffer's clock, in milliseconds.
    pub at: Timestamp,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The whole content of the search box.
    pub text: String,
    /// The client's sequence number.
    pub sequence: Option<i64>,
    /// The search is final.
    pub submitted: bool,
    /// The number of documents found: a packed [`FoundCount`](super::FoundCount).
    pub result_count: Option<i64>,
    /// An input method was composing the text.
    pub composing: bool,
    /// The facts about the request.
    pub context: SearchContext,
}
