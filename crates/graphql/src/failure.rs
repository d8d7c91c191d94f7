//! Failures of resolvers.

use std::fmt;

use super::RequestId;
use super::error_code::ErrorCode;
use quarry_crawl::PreviewError;
use quarry_interaction::RecordError;
use quarry_keystroke::BufferError;
use quarry_report::{CacheError, ReportError};
use quarry_search::SearchError;
use quarry_store::StoreError;

pub(super) const INTERNAL_MESSAGE: &str =
    "An internal error occurred. Report the request id to the operator: the server's log has the cause.";

/// The failure of a resolver. Its `Display` is the message for the client.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: ErrorCode,
    message: String,
    /// The path of the invalid argument.
    pub(super) argument: Option<String>,
    /// The cause inside the server: logged, never sent.
    pub(super) cause: Option<String>,
}

impl Failure {
    /// Creates a failure with a message for the client.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), argument: None, cause: None }
    }

    /// Creates the failure of an argument; the message begins with its path.
    pub(super) fn bad_input(path: impl Into<String>, problem: impl fmt::Display) -> Self {
        let path = path.into();
        let message = format!("{path} {problem}");
        Self { argument: Some(path), ..Self::new(ErrorCode::BadUserInput, message) }
    }

    /// Returns the failure of an argument that is part of another one.
    pub(super) fn below(self, path: &str) -> Self {
        let argument = self.argument.map(|argument| format!("{path}.{argument}"));
        Self { message: format!("{path}.{}", self.message), argument, ..self }
    }

    /// Returns a failure if an argument has more than `max` units.
    pub(super) fn check_count(path: &str, count: usize, max: usize, unit: &str) -> Result<(), Self> {
        if count <= max {
            return Ok(());
        }
        Err(Self::bad_input(path, format_args!("has {count} {unit}: send at most {max}")))
    }

    pub(super) fn not_an_id(path: impl Into<String>) -> Self {
        Self::bad_input(path, "is not an id of this server: pass it as the server returned it")
    }

    pub(super) fn not_a_document_id(path: impl Into<String>) -> Self {
        Self::bad_input(path, "is not the id of a document: pass the `id` of a document")
    }

    pub(super) fn buffer_full(accepted: usize, sent: usize) -> Self {
        let message = format!(
            "The keystroke buffer is full: it took {accepted} of {sent}. Send the others again later."
        );
        Self::new(ErrorCode::TooBusy, message)
    }

    /// Creates the failure of an erasure that left data in the cache of reports.
    pub(super) fn reports_not_cleared(error: CacheError) -> Self {
        let message =
            "Everything is erased except cached reports: the cache is unavailable. Retry the mutation.";
        Self { message: message.to_owned(), ..Self::from(error) }
    }

    /// Creates the failure of a defect.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ErrorCode::InternalServerError, INTERNAL_MESSAGE) }
    }

    /// Creates the failure of an unavailable service.
    fn unavailable(code: ErrorCode, message: &str, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code, message) }
    }

    /// Logs the cause, if there is one.
    pub(super) fn log(&self, request: &RequestId) {
        let Some(error) = &self.cause else { return };
        match self.code {
            ErrorCode::StoreUnavailable => {
                tracing::warn!(request.id = %request, error, "the store is unavailable");
            }
            ErrorCode::EngineUnavailable => {
                tracing::warn!(request.id = %request, error, "the search engine is unavailable");
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
}

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
            StoreError::Unavailable(cause) => Self::unavailable(
                ErrorCode::StoreUnavailable,
                "The database cannot be reached, or accepts no writes. Searches continue; retry later.",
                cause,
            ),
            StoreError::LeaseLost(_) | StoreError::Refused(_) | StoreError::UnknownMigrations => {
                Self::internal(error)
            }
        }
    }
}

impl From<PreviewError> for Failure {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::NotConfigured(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            PreviewError::NoParents(_) | PreviewError::NoValue(..) => Self::bad_input("source", error),
            PreviewError::Upstream(error) => Self::internal(error),
            PreviewError::Store(error) => Self::from(error),
        }
    }
}

impl From<BufferError> for Failure {
    fn from(error: BufferError) -> Self {
        match error {
            BufferError::Unavailable(cause) => Self::unavailable(
                ErrorCode::BufferUnavailable,
                "The keystroke buffer cannot be reached, or accepts no writes. Searches continue; retry later.",
                cause,
            ),
            BufferError::Damaged(_) => Self::internal(error),
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Full => Self::new(
                ErrorCode::TooBusy,
                "Too many interactions are waiting to be stored. Retry in a moment.",
            ),
            RecordError::Stopping => {
                Self::new(ErrorCode::StoreUnavailable, "The server is shutting down. Retry in a moment.")
            }
            RecordError::Store(error) => Self::from(error),
        }
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::Unavailable(cause) => {
                Self::unavailable(ErrorCode::CacheUnavailable, "The cache cannot be reached.", cause)
            }
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
                Self::new(ErrorCode::TooBusy, "Too many searches are running. Retry in a moment.")
            }
            SearchError::InvalidCursor => {
                Self::bad_input("after", "is not a cursor of this search: pass an edge's cursor unchanged")
            }
            SearchError::NotIndexedYet(attribute) => Self::new(
                ErrorCode::NotIndexedYet,
                format!("The attribute {attribute} is being indexed. Retry in a moment."),
            ),
            SearchError::TooLarge => Self::new(ErrorCode::ResponseTooLarge, error.to_string()),
            SearchError::Unsupported(_) => Self::new(ErrorCode::BadUserInput, error.to_string()),
            SearchError::Unavailable(cause) => Self::unavailable(
                ErrorCode::EngineUnavailable,
                "The search engine cannot be reached. Keystrokes are logged; retry later.",
                cause,
            ),
            SearchError::Damaged(_) | SearchError::Failed(_) => Self::internal(error),
        }
    }
}
