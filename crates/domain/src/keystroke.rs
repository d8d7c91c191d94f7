use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The longest id of a session, a user or an input, in characters (they are columns of an index).
pub const MAX_ID_CHARS: usize = 128;
/// The longest text of a keystroke, in bytes.
pub const MAX_KEYSTROKE_BYTES: usize = 4 << 10;

/// Why a keystroke cannot be taken. The message says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidKeystroke {
    /// The contract's name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl InvalidKeystroke {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// A visitor's session, as the client names it: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

/// A logged-in visitor, as the client names them: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

/// Which search box or tab of a session: up to 128 characters; empty where there is one only.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputId(String);

impl SessionId {
    /// Parses an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_filled("sessionId", id)?;
        check_id("sessionId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserId {
    /// Parses an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_filled("userId", id)?;
        check_id("userId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InputId {
    /// Parses an id.
    pub fn parse(id: &str) -> Result<Self, InvalidKeystroke> {
        check_id("inputId", id)?;
        Ok(Self(id.to_owned()))
    }

    /// The id as text.
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
    if id.chars().count() > MAX_ID_CHARS {
        return Err(InvalidKeystroke::new(field, format!("is longer than {MAX_ID_CHARS} characters")));
    }
    if id.chars().any(char::is_control) {
        return Err(InvalidKeystroke::new(field, "holds a control character: remove it"));
    }
    Ok(())
}

/// What a visitor's search box holds after one keystroke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keystroke {
    /// The visitor's session.
    pub session: SessionId,
    /// The visitor, where logged in.
    pub user: Option<UserId>,
    /// Which search box or tab of the session.
    pub input: InputId,
    /// The whole content of the box.
    pub text: String,
    /// The client's own counter.
    pub sequence: Option<i64>,
    /// Enter was pressed or a suggestion chosen: the search is final.
    pub submitted: bool,
    /// How many documents the text found, where the client knows.
    pub result_count: Option<i64>,
}

impl Keystroke {
    /// The keystroke, if its text and count can be taken. The ids were checked when they were parsed.
    pub fn checked(self) -> Result<Self, InvalidKeystroke> {
        let bytes = self.text.len();
        if bytes > MAX_KEYSTROKE_BYTES {
            let problem = format!("is {bytes} bytes long: at most {MAX_KEYSTROKE_BYTES} can be taken");
            return Err(InvalidKeystroke::new("text", problem));
        }
        if self.result_count.is_some_and(|count| count < 0) {
            return Err(InvalidKeystroke::new("resultCount", "is negative: it counts documents"));
        }
        Ok(self)
    }
}

/// A keystroke as a buffer holds it, within the run of its session and input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferedKeystroke {
    /// When the buffer took it, by the buffer's clock, in milliseconds.
    pub at: Timestamp,
    /// The visitor, where logged in.
    pub user: Option<UserId>,
    /// The whole content of the box.
    pub text: String,
    /// The client's own counter.
    pub sequence: Option<i64>,
    /// The search is final.
    pub submitted: bool,
    /// How many documents the text found.
    pub result_count: Option<i64>,
}
