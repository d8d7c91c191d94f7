//! Every error that leaves the API gets its `extensions.code` here, and nowhere else.
//!
//! Resolvers fail with a [`Failure`]; what async-graphql says itself is classed by the
//! stage it came from. What went wrong inside is logged with the request's id and replaced
//! by a plain sentence: no database message, no query text and no variable is ever sent or
//! logged from here.

use std::collections::HashSet;
use std::fmt;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};

use super::argument_path::{ArgumentPaths, UnreadableArgument};
use super::disclosure::Disclosure;
use super::{RequestId, error_bounds};
use quarry_interaction::RecordError;
use quarry_keystroke::BufferError;
use quarry_report::{CacheError, ReportError};
use quarry_search::SearchError;
use quarry_store::StoreError;

/// What `extensions.code` can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema, or is over a limit.
    GraphqlValidationFailed,
    /// A value that the client sent cannot be taken.
    BadUserInput,
    /// There is no key, or it does not fit.
    Unauthenticated,
    /// Whoever asks may not.
    Forbidden,
    /// Whoever asks asks too often; try again later.
    RateLimited,
    /// What was named does not exist.
    NotFound,
    /// Too much is under way; try again.
    TooBusy,
    /// It took too long.
    Timeout,
    /// The response would be larger than this server sends; ask for less at once.
    ResponseTooLarge,
    /// The database cannot be reached; try again.
    StoreUnavailable,
    /// What holds keystrokes until they are logged cannot be reached; try again.
    BufferUnavailable,
    /// The cache cannot be reached: a warning of a report, an error of an erasure.
    CacheUnavailable,
    /// This server does not keep documents by their hash; send the text.
    PersistedQueryNotSupported,
    /// No document of this hash is kept; send the text with it.
    PersistedQueryNotFound,
    /// Only trusted documents run here.
    PersistedQueryOnly,
    /// A defect. The message says nothing; the log does.
    InternalServerError,
}

impl ErrorCode {
    /// All there are.
    pub const ALL: [Self; Self::InternalServerError as usize + 1] = [
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::BadUserInput,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::RateLimited,
        Self::NotFound,
        Self::TooBusy,
        Self::Timeout,
        Self::ResponseTooLarge,
        Self::StoreUnavailable,
        Self::BufferUnavailable,
        Self::CacheUnavailable,
        Self::PersistedQueryNotSupported,
        Self::PersistedQueryNotFound,
        Self::PersistedQueryOnly,
        // The last one: what stands above it is counted by its place.
        Self::InternalServerError,
    ];

    /// The code of an error that is ready to be sent.
    pub fn of(error: &ServerError) -> Option<Self> {
        let Some(Value::String(sent)) = error.extensions.as_ref()?.get("code") else { return None };
        Self::ALL.into_iter().find(|code| code.as_str() == sent)
    }

    /// The code as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::RateLimited => "RATE_LIMITED",
            Self::NotFound => "NOT_FOUND",
            Self::TooBusy => "TOO_BUSY",
            Self::Timeout => "TIMEOUT",
            Self::ResponseTooLarge => "RESPONSE_TOO_LARGE",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::BufferUnavailable => "BUFFER_UNAVAILABLE",
            Self::CacheUnavailable => "CACHE_UNAVAILABLE",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryOnly => "PERSISTED_QUERY_ONLY",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// Why a resolver could not answer. Its `Display` is what the client reads.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    code: ErrorCode,
    message: String,
    argument: Option<String>,
    cause: Option<String>,
}

impl Failure {
    /// A failure whose message is for the client.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), argument: None, cause: None }
    }

    /// The argument at `path` cannot be taken; the message begins with the path.
    pub(crate) fn bad_input(path: impl Into<String>, problem: impl fmt::Display) -> Self {
        let path = path.into();
        let message = format!("{path} {problem}");
        Self { argument: Some(path), ..Self::new(ErrorCode::BadUserInput, message) }
    }

    /// The keystroke buffer has no room for all that it was given.
    pub(super) fn buffer_full(accepted: usize, given: usize) -> Self {
        let message = format!(
            "The keystroke buffer is full: it took {accepted} of {given}. Send the others again later."
        );
        Self::new(ErrorCode::TooBusy, message)
    }

    /// What was erased may still show in reports that servers share.
    pub(super) fn reports_not_cleared(error: CacheError) -> Self {
        let message = "All is erased but the cache of reports, which did not answer. Send this again.";
        Self { message: message.to_owned(), ..Self::from(error) }
    }

    /// What `extensions.code` will say.
    pub(super) fn code(&self) -> ErrorCode {
        self.code
    }

    /// Logs what went wrong inside, if anything did.
    pub(super) fn log(&self, request: &RequestId) {
        let Some(error) = &self.cause else { return };
        match self.code {
            ErrorCode::StoreUnavailable => {
                tracing::warn!(request.id = %request, error, "the store is unavailable");
            }
            ErrorCode::BufferUnavailable => {
                tracing::warn!(request.id = %request, error, "the keystroke buffer is unavailable");
            }
            ErrorCode::CacheUnavailable => {
                tracing::warn!(request.id = %request, error, "the cache is unavailable");
            }
            _ => tracing::error!(request.id = %request, error, "a resolver failed"),
        }
    }

    /// The log says more than the client reads.
    pub(super) fn is_logged(&self) -> bool {
        self.cause.is_some()
    }

    /// A defect: the cause is logged, never sent.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ErrorCode::InternalServerError, INTERNAL_MESSAGE) }
    }
}

const INTERNAL_MESSAGE: &str =
    "Something went wrong inside the server. Its log has more under this request id.";

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self {
                cause: Some(cause.clone()),
                ..Self::new(
                    ErrorCode::StoreUnavailable,
                    "The database cannot be reached, or accepts no writes. Searches continue; retry later.",
                )
            },
            StoreError::LeaseLost(_) | StoreError::Refused(_) => Self::internal(error),
        }
    }
}

impl From<BufferError> for Failure {
    fn from(error: BufferError) -> Self {
        match error {
            BufferError::Unavailable(cause) => Self {
                cause: Some(cause),
                ..Self::new(
                    ErrorCode::BufferUnavailable,
                    "The keystroke buffer cannot be reached. Searching goes on; send this again later.",
                )
            },
            BufferError::Damaged(_) => Self::internal(error),
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Full => Self::new(
                ErrorCode::TooBusy,
                "Too many interactions are waiting to be stored. Send this one again in a moment.",
            ),
            RecordError::Stopping => {
                Self::new(ErrorCode::StoreUnavailable, "This server is stopping. Send this one again.")
            }
            RecordError::Store(error) => Self::from(error),
        }
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::Unavailable(cause) => Self {
                cause: Some(cause),
                ..Self::new(ErrorCode::CacheUnavailable, "The cache cannot be reached.")
            },
            CacheError::Damaged(_) => Self::internal(error),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let argument = match &error {
            ReportError::EmptyPeriod => "period",
            ReportError::TooManyIntervals => "interval",
            ReportError::UnknownTimeZone => "timezone",
            ReportError::Store(error) => return Self::from(error.as_ref()),
        };
        Self::bad_input(argument, error)
    }
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::TooBusy => {
                Self::new(ErrorCode::TooBusy, "Too many searches are under way. Try again in a moment.")
            }
            SearchError::InvalidCursor => Self::bad_input(
                "after",
                "is not a cursor of this search: pass an edge's cursor back unchanged",
            ),
            SearchError::TooLarge => Self::new(ErrorCode::ResponseTooLarge, error.to_string()),
            SearchError::Damaged(_) | SearchError::Failed(_) => Self::internal(error),
        }
    }
}

/// An error before anything ran.
pub fn refusal(code: ErrorCode, message: impl Into<String>) -> ServerError {
    let mut message = message.into();
    error_bounds::shorten(&mut message);
    coded(ServerError::new(message, None), code)
}

/// What a client is told of a defect that broke a request off: where to look for more.
pub fn broken(request: &RequestId) -> ServerError {
    let mut error = refusal(ErrorCode::InternalServerError, INTERNAL_MESSAGE);
    set(&mut error, "requestId", request.as_str());
    error
}

/// Writes the code into an error.
pub(super) fn coded(mut error: ServerError, code: ErrorCode) -> ServerError {
    set(&mut error, "code", code.as_str());
    error
}

/// Codes an error of validation.
pub(super) fn invalid(error: &mut ServerError) {
    set(error, "code", ErrorCode::GraphqlValidationFailed.as_str());
}

/// Codes the errors of a document that did not pass validation with the variables that it was given.
pub(super) fn invalid_with(errors: &mut [ServerError], arguments: &ArgumentPaths) {
    for error in errors {
        if name_null(error, arguments) {
            set(error, "code", ErrorCode::BadUserInput.as_str());
        }
    }
}

/// Names the argument of an error about a null that the argument does not take.
fn name_null(error: &mut ServerError, arguments: &ArgumentPaths) -> bool {
    let Some(UnreadableArgument { path, is_null: true }) = arguments.of(error) else { return false };
    // Validation may find something else in the same argument.
    if error.path.is_empty()
        && !error.message.starts_with(&format!("Invalid value for argument \"{path}\", expected"))
    {
        return false;
    }
    error.message = format!("{path} must not be null: leave it out for its default");
    set(error, "argumentPath", &path);
    true
}

fn set(error: &mut ServerError, name: &str, value: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set(name, Value::String(value.to_owned()));
}

/// The first failure of a field for want of room in the response.
pub(super) fn too_large(response: &Response) -> Option<usize> {
    let is_too_large = |error: &ServerError| {
        error.source::<Failure>().is_some_and(|failure| failure.code == ErrorCode::ResponseTooLarge)
    };
    response.errors.iter().position(is_too_large)
}

/// Codes and cleans every error of an answer, and logs what went wrong inside.
pub(super) fn finish(
    response: &mut Response,
    request: &RequestId,
    disclosure: Disclosure,
    arguments: &ArgumentPaths,
) {
    let mut logged = HashSet::new();
    for error in &mut response.errors {
        finish_one(error, request, disclosure, arguments, &mut logged);
    }
    disclosure.truncate(&mut response.errors);
}

fn finish_one(
    error: &mut ServerError,
    request: &RequestId,
    disclosure: Disclosure,
    arguments: &ArgumentPaths,
    logged: &mut HashSet<String>,
) {
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
        return;
    }
    let Some(failure) = error.source::<Failure>().cloned() else {
        let code = if error.source.is_some() {
            // Nothing here wraps a foreign error, so this one is a defect.
            tracing::error!(request.id = %request, "a resolver failed with an unmapped error");
            error.message = INTERNAL_MESSAGE.to_owned();
            set(error, "requestId", request.as_str());
            ErrorCode::InternalServerError
        } else if name_null(error, arguments) {
            ErrorCode::BadUserInput
        } else if error.path.is_empty() {
            // Validation has no path.
            disclosure.apply(error);
            ErrorCode::GraphqlValidationFailed
        } else {
            // Only the reading of an argument fails without a source.
            disclosure.apply(error);
            if let Some(argument) = arguments.of(error) {
                error.message = format!("{} cannot be taken: {}", argument.path, error.message);
                set(error, "argumentPath", &argument.path);
            }
            ErrorCode::BadUserInput
        };
        set(error, "code", code.as_str());
        return;
    };
    set(error, "code", failure.code.as_str());
    if let Some(argument) = &failure.argument {
        set(error, "argumentPath", argument);
    }
    if let Some(cause) = &failure.cause {
        set(error, "requestId", request.as_str());
        // One outage fails every relation of a level: say it once an answer.
        if logged.insert(cause.clone()) {
            failure.log(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_place_and_is_told_from_an_error() {
        for (place, code) in ErrorCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, place);
            assert_eq!(ErrorCode::of(&refusal(code, "")), Some(code));
        }
        assert_eq!(ErrorCode::of(&ServerError::new("", None)), None);
    }
}
