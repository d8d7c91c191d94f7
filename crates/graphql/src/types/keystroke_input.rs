use async_graphql::{ID, InputObject, SimpleObject};

use crate::error::Failure;
use crate::scalars::Flag;
use quarry_domain::{InputId, InvalidKeystroke, Keystroke, SessionId, UserId};

/// What a visitor's search box holds after one keystroke.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct LogKeystrokeInput {
    /// The visitor's session, as the client names it: 1 to 128 characters.
    session_id: ID,
    /// The visitor, where logged in: 1 to 128 characters. Leave it out for anonymous visitors.
    user_id: Option<ID>,
    /// Which search box or tab of the session: up to 128 characters, "" where there is one only.
    input_id: Option<ID>,
    /// The whole content of the box after the keystroke: up to 4,096 bytes.
    text: String,
    /// The client's own counter within the session and input. It repairs the order of requests, and makes
    /// sending one again harmless; it must go on counting for as long as the session and input are used.
    sequence: Option<i32>,
    /// Enter was pressed or a suggestion chosen: the search is final at once.
    #[graphql(default)]
    submitted: Flag<false>,
    /// How many documents the text found, where the client knows.
    result_count: Option<i32>,
}

impl LogKeystrokeInput {
    /// The keystroke, if all of it can be taken. `path` is where the input stands.
    pub(crate) fn checked(self, path: &str) -> Result<Keystroke, Failure> {
        let who = Visitor::checked(path, &self.session_id, self.user_id.as_ref(), self.input_id.as_ref())?;
        let keystroke = Keystroke {
            session: who.session,
            user: who.user,
            input: who.input,
            text: self.text,
            sequence: self.sequence.map(i64::from),
            submitted: self.submitted.0,
            result_count: self.result_count.map(i64::from),
        };
        keystroke.checked().map_err(|error| invalid(path, &error))
    }
}

/// Logs the text of a search as a keystroke, with how many documents it found.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct TrackInput {
    /// The visitor's session, as the client names it: 1 to 128 characters.
    session_id: ID,
    /// The visitor, where logged in: 1 to 128 characters. Leave it out for anonymous visitors.
    user_id: Option<ID>,
    /// Which search box or tab of the session: up to 128 characters, "" where there is one only.
    input_id: Option<ID>,
    /// The client's own counter, as in `logKeystroke`.
    sequence: Option<i32>,
    /// Enter was pressed or a suggestion chosen: the search is final at once.
    #[graphql(default)]
    submitted: Flag<false>,
}

impl TrackInput {
    /// The keystroke that the text of a search makes, but for its number of results.
    pub(crate) fn checked(self, text: &str) -> Result<Keystroke, Failure> {
        let path = "track";
        let who = Visitor::checked(path, &self.session_id, self.user_id.as_ref(), self.input_id.as_ref())?;
        let keystroke = Keystroke {
            session: who.session,
            user: who.user,
            input: who.input,
            text: text.to_owned(),
            sequence: self.sequence.map(i64::from),
            submitted: self.submitted.0,
            result_count: None,
        };
        keystroke.checked().map_err(|error| Failure::bad_input("query", error.problem))
    }
}

struct Visitor {
    session: SessionId,
    user: Option<UserId>,
    input: InputId,
}

impl Visitor {
    fn checked(path: &str, session: &ID, user: Option<&ID>, input: Option<&ID>) -> Result<Self, Failure> {
        let refused = |error: InvalidKeystroke| invalid(path, &error);
        Ok(Self {
            session: SessionId::parse(session).map_err(refused)?,
            user: user.map(|id| UserId::parse(id)).transpose().map_err(refused)?,
            input: input.map(|id| InputId::parse(id)).transpose().map_err(refused)?.unwrap_or_default(),
        })
    }
}

/// The failure for a part of the input at `path`.
pub(super) fn invalid(path: &str, error: &InvalidKeystroke) -> Failure {
    Failure::bad_input(format!("{path}.{}", error.field), &error.problem)
}

/// What `logKeystroke` did.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LogKeystrokePayload {
    /// The buffer has it. False where it was dropped: its `sequence` is not above the last one of a search
    /// that is final already, or its session sends more than the flood limit.
    pub(crate) accepted: bool,
}

/// What `logKeystrokes` did.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LogKeystrokesPayload {
    /// How many of the keystrokes the buffer has. The others were dropped, as `logKeystroke` says.
    pub(crate) accepted: i32,
}
