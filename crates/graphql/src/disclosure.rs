//! Errors for callers who may not introspect: their messages hold no name of the schema.
//!
//! A message that is not known to hold none is replaced, so one that a new release of async-graphql words
//! differently discloses nothing either.

use async_graphql::ServerError;

use super::error::{ErrorCode, coded};
use super::guard::Introspection;
use quarry_domain::Principal;

/// Messages that hold names of the document alone, by what they say of them.
const OF_THE_DOCUMENT: [&str; 6] = [
    " is never used",
    " is not used",
    " is not defined",
    "There can only be one ",
    "Cannot spread fragment ",
    " conflict because ",
];

const MISFIT: &str = "This part of the document, or the value of this variable, does not fit the schema. Details are \
                      for callers who may introspect it (server.introspection).";

/// The names that messages may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disclosure {
    /// Those of the schema.
    Schema,
    /// Those that the caller sent.
    Request,
    /// None, so that not even a guess is confirmed.
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

    /// Conceals what an error of validation, or of reading a value, says of the schema.
    pub(super) fn apply(self, error: &mut ServerError) {
        let message = match self {
            Self::Schema => return,
            Self::Request => of_request(&error.message),
            Self::Nothing => {
                error.locations.clear();
                // Values of unknown types are errors of validation, those of known ones of input.
                *error = coded(
                    std::mem::replace(error, ServerError::new("", None)),
                    ErrorCode::GraphqlValidationFailed,
                );
                None
            }
        };
        error.message = message.unwrap_or_else(|| MISFIT.to_owned());
    }

    /// Leaves one of the errors that a document has: their number depends on the schema, too.
    pub(super) fn truncate(self, errors: &mut Vec<ServerError>) {
        if self == Self::Nothing && errors.iter().all(|error| error.path.is_empty()) {
            errors.truncate(1);
        }
    }

    /// As [`Self::apply`], to several.
    pub(super) fn apply_all(self, mut errors: Vec<ServerError>) -> Vec<ServerError> {
        errors.iter_mut().for_each(|error| self.apply(error));
        self.truncate(&mut errors);
        errors
    }
}

/// The part of a message that is about the request itself.
fn of_request(message: &str) -> Option<String> {
    if message.starts_with("Unknown ") {
        // The name follows in quotes; then come the type it is not of, and suggestions.
        let (named, rest) = message.split_once('"')?;
        let (name, _) = rest.split_once('"')?;
        return Some(format!("{named}\"{name}\"."));
    }
    OF_THE_DOCUMENT.iter().any(|said| message.contains(said)).then(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(disclosure: Disclosure, message: &str) -> String {
        let mut error = ServerError::new(message, None);
        disclosure.apply(&mut error);
        error.message
    }

    #[test]
    fn only_names_of_the_request_are_left() {
        for (message, left) in [
            (
                "Unknown field \"serch\" on type \"Query\". Did you mean \"search\"?",
                "Unknown field \"serch\".",
            ),
            ("Unknown argument \"x\" on field \"a\" of type \"T\".", "Unknown argument \"x\"."),
            ("Unknown type \"Foo\"", "Unknown type \"Foo\"."),
            ("Fragment \"F\" is never used", "Fragment \"F\" is never used"),
            ("Field \"search\" argument \"query\" of type \"Query\" is required but not provided", MISFIT),
            ("The variable $a.sort must be one of NEWEST, OLDEST.", MISFIT),
            ("Something new about \"Secret\"", MISFIT),
        ] {
            assert_eq!(told(Disclosure::Schema, message), message);
            assert_eq!(told(Disclosure::Request, message), left);
            assert_eq!(told(Disclosure::Nothing, message), MISFIT);
        }
    }
}
