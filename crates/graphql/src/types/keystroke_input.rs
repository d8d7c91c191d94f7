use async_graphql::{ID, InputObject, SimpleObject};

use super::NamedValueInput;
use super::search_context::checked_tags;
use crate::failure::Failure;
use crate::scalars::{Flag, Long};
use quarry_domain::{InputId, InvalidKeystroke, Keystroke, MAX_TAGS, SearchContext, SessionId, UserId};

/// The content of a search box after a keystroke.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct LogKeystrokeInput {
    /// The user's session as named by the client: 1 to 128 characters.
    session_id: ID,
    /// The logged-in user: 1 to 128 characters. Omit it for anonymous users.
    user_id: Option<ID>,
    /// The search box or tab within the session: at most 128 characters, "" by default.
    input_id: Option<ID>,
    /// The whole content of the search box after the keystroke: at most 4,096 bytes.
    text: String,
    /// The number of the keystroke within the session and input: a counter, which may begin again after a page load,
    /// or the time (`Date.now()`). It restores the order of requests and makes retries idempotent.
    sequence: Option<Long>,
    /// True if the user pressed Enter or chose a suggestion, which makes the search final.
    #[graphql(default)]
    submitted: Flag<false>,
    /// True while an input method composes the text (`event.isComposing`). Such a text counts in the form in which its
    /// composition ends.
    #[graphql(default)]
    composing: Flag<false>,
    /// The number of documents that the text found, if the client knows it.
    result_count: Option<i32>,
    /// Tags to filter reports by, such as the arm of an experiment, the country or the device: at most 8. A name has 1
    /// to 32 letters, digits, `.`, `_` and `-`; a value up to 64 characters, masked like the text.
    tags: Option<Vec<NamedValueInput>>,
}

impl LogKeystrokeInput {
    /// Validates the keystroke; errors begin with `path`.
    pub(crate) fn checked(self, path: &str) -> Result<Keystroke, Failure> {
        self.into_keystroke(path, |error| invalid(path, &error))
    }

    fn into_keystroke(
        self,
        path: &str,
        failure: impl Fn(InvalidKeystroke) -> Failure,
    ) -> Result<Keystroke, Failure> {
        let user = self.user_id.map(|id| UserId::parse(&id)).transpose();
        let input = self.input_id.map(|id| InputId::parse(&id)).transpose();
        let keystroke = Keystroke {
            session: SessionId::parse(&self.session_id).map_err(&failure)?,
            user: user.map_err(&failure)?,
            input: input.map_err(&failure)?.unwrap_or_default(),
            text: self.text,
            sequence: self.sequence.map(|sequence| sequence.0),
            submitted: self.submitted.0,
            result_count: self.result_count.map(i64::from),
            composing: self.composing.0,
            context: SearchContext::of(checked_tags(path, self.tags, MAX_TAGS)?),
        };
        keystroke.checked().map_err(failure)
    }
}

/// The session and input for which to log the text of a search as a keystroke.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct TrackInput {
    /// The user's session as named by the client: 1 to 128 characters.
    session_id: ID,
    /// The logged-in user: 1 to 128 characters. Omit it for anonymous users.
    user_id: Option<ID>,
    /// The search box or tab within the session: at most 128 characters, "" by default.
    input_id: Option<ID>,
    /// The number of the keystroke within the session and input, as for `logKeystroke`.
    sequence: Option<Long>,
    /// True if the user pressed Enter or chose a suggestion, which makes the search final.
    #[graphql(default)]
    submitted: Flag<false>,
    /// True while an input method composes the text, as for `logKeystroke`.
    #[graphql(default)]
    composing: Flag<false>,
    /// Tags to filter reports by, as for `logKeystroke`; the filter and the order of the search are stored as well.
    tags: Option<Vec<NamedValueInput>>,
}

impl TrackInput {
    /// Validates the keystroke with the text of a search, whose number of results is not known yet.
    pub(crate) fn checked(self, text: &str) -> Result<Keystroke, Failure> {
        let Self { session_id, user_id, input_id, sequence, submitted, composing, tags } = self;
        let text = text.to_owned();
        let result_count = None;
        LogKeystrokeInput {
            session_id,
            user_id,
            input_id,
            text,
            sequence,
            submitted,
            composing,
            result_count,
            tags,
        }
        .into_keystroke("track", |error| match error.field {
            "text" => Failure::bad_input("query", error.problem),
            _ => invalid("track", &error),
        })
    }
}

/// The failure for a field of the input at `path`.
pub(super) fn invalid(path: &str, error: &InvalidKeystroke) -> Failure {
    Failure::bad_input(format!("{path}.{}", error.field), &error.problem)
}

/// The result of `logKeystroke`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LogKeystrokePayload {
    /// True if the buffer stored the keystroke. False if it was dropped: its `sequence` does not exceed that of a
    /// search that is already final (and does not begin again), its session exceeds the flood limit, or the settings
    /// exclude its sender or session from the log.
    pub(crate) accepted: bool,
}

/// The result of `logKeystrokes`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LogKeystrokesPayload {
    /// The number of keystrokes that the buffer stored. The others were dropped, for the reasons given for
    /// `logKeystroke`.
    pub(crate) accepted: i32,
}
