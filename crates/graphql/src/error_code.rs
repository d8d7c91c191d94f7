//! The codes of errors, which clients read in `extensions.code`.

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use strum::VariantArray;

use super::error_bounds;

/// The code of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The document is not valid GraphQL.
    GraphqlParseFailed,
    /// The document does not match the schema, or exceeds a limit.
    GraphqlValidationFailed,
    /// A value of the request is invalid.
    BadUserInput,
    /// The key is missing or invalid.
    Unauthenticated,
    /// The key, the origin or the host name is not allowed.
    Forbidden,
    /// Rate limit exceeded; retry later.
    RateLimited,
    /// The named object does not exist.
    NotFound,
    /// The server is at capacity; retry later.
    TooBusy,
    /// An attribute of a new declaration is being indexed; retry later.
    NotIndexedYet,
    /// The operation exceeded its time limit.
    Timeout,
    /// The response would exceed its size limit; request less at once.
    ResponseTooLarge,
    /// The database is unavailable; retry later.
    StoreUnavailable,
    /// The search engine is unavailable; retry later.
    EngineUnavailable,
    /// The keystroke buffer is unavailable; retry later.
    BufferUnavailable,
    /// The cache is unavailable: a warning of a report, an error of an erasure.
    CacheUnavailable,
    /// Persisted queries are disabled; send the document.
    PersistedQueryNotSupported,
    /// No document with this hash is stored; send the document with its hash.
    PersistedQueryNotFound,
    /// The server executes trusted documents only.
    PersistedQueryOnly,
    /// A defect, whose cause is logged but not sent.
    InternalServerError,
}

impl ErrorCode {
    /// All codes, in the order of their discriminants.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Reads the code of an error.
    pub fn of(error: &ServerError) -> Option<Self> {
        let Some(Value::String(sent)) = error.extensions.as_ref()?.get("code") else { return None };
        Self::ALL.iter().copied().find(|code| code.as_str() == sent)
    }

    /// The code as sent to clients.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The error of a request that was not executed.
pub fn request_error(code: ErrorCode, message: impl Into<String>) -> ServerError {
    let mut message = message.into();
    error_bounds::shorten(&mut message);
    coded(ServerError::new(message, None), code)
}

/// Sets the code of an error.
pub(super) fn coded(mut error: ServerError, code: ErrorCode) -> ServerError {
    set(&mut error, "code", code.as_str());
    error
}

/// Sets an extension of an error.
pub(super) fn set(error: &mut ServerError, name: &str, value: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set(name, Value::String(value.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_at_its_discriminant_and_read_from_an_error() {
        for (index, code) in ErrorCode::ALL.iter().copied().enumerate() {
            assert_eq!(code as usize, index);
            assert_eq!(ErrorCode::of(&request_error(code, "")), Some(code));
        }
        assert_eq!(ErrorCode::PersistedQueryNotFound.as_str(), "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(ErrorCode::of(&ServerError::new("", None)), None);
    }
}
