//! Errors for callers that may not introspect: their messages contain no name of the schema.
//!
//! Only messages known to contain none are kept, so a new message of async-graphql discloses nothing.

use async_graphql::ServerError;

use super::error_code::{ErrorCode, set};
use super::introspection::Introspection;
use quarry_domain::Principal;

/// Parts of messages that contain names of the document only.
const OF_THE_DOCUMENT: [&str; 8] = [
    " is never used",
    " is not used",
    " is not defined",
    "There can only be one ",
    "Cannot spread fragment ",
    " conflict because ",
    " is the condition of ",
    "A subscription has one field",
];

const CONCEALED: &str = "This part of the document, or the value of this variable, does not conform to the schema. Callers \
                         that may introspect the schema receive details (server.introspection).";

/// The names that messages may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disclosure {
    /// Names of the schema.
    Schema,
    /// Names that the caller sent.
    Request,
    /// No names, so that no guess is confirmed.
    Nothing,
}

impl Disclosure {
    /// The disclosure to a caller.
    pub(super) fn to(caller: &Principal, introspection: Introspection) -> Self {
        if introspection.allows(caller) {
            Self::Schema
        } else if caller.is_anonymous() {
            Self::Nothing
        } else {
            Self::Request
        }
    }

    /// Removes names of the schema from an error of validation or of coercion.
    pub(super) fn apply(self, error: &mut ServerError) {
        let message = match self {
            Self::Schema => return,
            Self::Request => of_request(&error.message),
            Self::Nothing => {
                error.locations.clear();
                // The code would tell whether a variable's type exists: if not, validation fails, not coercion.
                set(error, "code", ErrorCode::GraphqlValidationFailed.as_str());
                None
            }
        };
        error.message = message.unwrap_or_else(|| CONCEALED.to_owned());
        if let Some(extensions) = &mut error.extensions {
            extensions.unset("argumentPath");
        }
    }

    /// Removes all errors of a document but the first: their number depends on the schema.
    pub(super) fn truncate(self, errors: &mut Vec<ServerError>) {
        if self == Self::Nothing && errors.iter().all(|error| error.path.is_empty()) {
            errors.truncate(1);
        }
    }

    /// Applies [`Self::apply`] and [`Self::truncate`].
    pub(super) fn apply_all(self, mut errors: Vec<ServerError>) -> Vec<ServerError> {
        errors.iter_mut().for_each(|error| self.apply(error));
        self.truncate(&mut errors);
        errors
    }
}

/// The part of a message that contains names of the request only.
fn of_request(message: &str) -> Option<String> {
    if message.starts_with("Unknown ") {
        // The name follows in quotes, before a type and suggestions.
        let (kind, rest) = message.split_once('"')?;
        let (name, _) = rest.split_once('"')?;
        return Some(format!("{kind}\"{name}\"."));
    }
    OF_THE_DOCUMENT.iter().any(|part| message.contains(part)).then(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disclosed(disclosure: Disclosure, message: &str) -> String {
        let mut error = ServerError::new(message, None);
        disclosure.apply(&mut error);
        error.message
    }

    #[test]
    fn messages_contain_names_of_the_request_only() {
        for (message, kept) in [
            (
                "Unknown field \"serch\" on type \"Query\". Did you mean \"search\"?",
                "Unknown field \"serch\".",
            ),
            ("Unknown argument \"x\" on field \"a\" of type \"T\".", "Unknown argument \"x\"."),
            ("Unknown type \"Foo\"", "Unknown type \"Foo\"."),
            ("Fragment \"F\" is never used", "Fragment \"F\" is never used"),
            ("Field \"search\" argument \"query\" of type \"Query\" is required but not provided", CONCEALED),
            ("The variable $a.sort must be one of NEWEST, OLDEST.", CONCEALED),
            ("Something new about \"Secret\"", CONCEALED),
        ] {
            assert_eq!(disclosed(Disclosure::Schema, message), message);
            assert_eq!(disclosed(Disclosure::Request, message), kept);
            assert_eq!(disclosed(Disclosure::Nothing, message), CONCEALED);
        }
    }
}
