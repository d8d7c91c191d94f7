//! Who may ask for which field: checked for the whole operation before any of it runs.
//!
//! An operation that holds a field its caller may not ask for is refused as a whole, so that no
//! mutation runs half, and no resolver can forget to ask. Two things stay for resolvers, by
//! [`require`]: objects behind `node` and `nodes`, whose ids say of what kind they are, and crawls
//! within a source.

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, PathSegment, ServerError};

use super::error::{ErrorCode, Failure, refusal};
use super::root_fields::RootFields;
use Scope::{Admin, Reports, Search};
use quarry_domain::{Caller, Scope};

/// Who may ask for the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Introspection {
    /// Everybody where no keys are asked for; otherwise who has one.
    #[default]
    Auto,
    /// Everybody.
    On,
    /// Nobody.
    Off,
}

impl Introspection {
    fn allows(self, caller: &Caller) -> bool {
        match self {
            Self::Auto => caller.is_unchecked() || caller.key().is_some(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// A field, and the scopes of which one lets a caller ask for it.
type Rule = (&'static str, &'static [Scope]);

/// The fields of `Query`.
const QUERY: &[Rule] = &[
    ("document", &[Search]),
    ("loggingHealth", &[Reports]),
    // What they find decides.
    ("node", &Scope::ALL),
    ("nodes", &Scope::ALL),
    ("reports", &[Reports]),
    ("search", &[Search]),
    ("searchLog", &[Reports]),
    // Who runs crawls asks how they do.
    ("sources", &[Search, Admin]),
    ("suggest", &[Search]),
];

/// The fields of `Mutation`.
const MUTATION: &[Rule] = &[
    ("deleteDocuments", &[Admin]),
    ("eraseSearcher", &[Admin]),
    ("indexDocuments", &[Admin]),
    ("logKeystroke", &[Search]),
    ("logKeystrokes", &[Search]),
    ("recordInteraction", &[Search]),
    ("startCrawl", &[Admin]),
];

/// The fields of `Subscription`.
const SUBSCRIPTION: &[Rule] = &[("crawlProgress", &[Admin]), ("searchLogged", &[Reports])];

/// The fields that tell of the schema.
const INTROSPECTION: [&str; 2] = ["__schema", "__type"];

/// Checks that a caller may ask for every field of an operation.
pub(super) fn check(
    operation: OperationType,
    root: &RootFields<'_>,
    caller: &Caller,
    introspection: Introspection,
) -> Result<(), Vec<ServerError>> {
    if caller.is_unchecked() && introspection.allows(caller) {
        return Ok(());
    }
    let rules = rules_of(operation);
    let refusals = root.iter().filter_map(|field| {
        let (code, message) = refused(field.node.name.node.as_str(), rules, caller, introspection)?;
        let mut error = refusal(code, message);
        error.locations = vec![field.pos];
        error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        Some(error)
    });
    let errors: Vec<ServerError> = refusals.collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The fields of an operation that are for [`Admin`] alone, each once.
pub(super) fn administers(operation: OperationType, root: &RootFields<'_>) -> Vec<&'static str> {
    let asked = |name: &str| root.iter().any(|field| field.node.name.node == name);
    let rules = rules_of(operation).iter();
    rules.filter(|(name, scopes)| *scopes == [Admin] && asked(name)).map(|(name, _)| *name).collect()
}

fn rules_of(operation: OperationType) -> &'static [Rule] {
    match operation {
        OperationType::Query => QUERY,
        OperationType::Mutation => MUTATION,
        OperationType::Subscription => SUBSCRIPTION,
    }
}

/// Why a caller may not ask for a field; `None` if it may.
fn refused(
    name: &str,
    rules: &[Rule],
    caller: &Caller,
    introspection: Introspection,
) -> Option<(ErrorCode, String)> {
    if INTROSPECTION.contains(&name) {
        let (code, message) = match introspection {
            _ if introspection.allows(caller) => return None,
            Introspection::Auto => (ErrorCode::Unauthenticated, INTROSPECTION_BY_KEY),
            Introspection::On | Introspection::Off => (ErrorCode::Forbidden, NO_INTROSPECTION),
        };
        return Some((code, message.to_owned()));
    }
    // What is not in the schema is for validation to name; a test holds the table against it.
    let (_, scopes) = rules.iter().find(|(known, _)| *known == name)?;
    let may = scopes.iter().any(|scope| caller.has(*scope));
    (!may).then(|| denial(caller, &format!("The field {name}"), scopes))
}

/// Checks, while a field is resolved, that its caller has a scope.
pub(super) fn require(ctx: &Context<'_>, what: &str, scope: Scope) -> Result<(), Failure> {
    let caller = ctx.data_opt::<Caller>();
    let caller = caller.ok_or_else(|| Failure::internal("the request came without its caller"))?;
    if caller.has(scope) {
        return Ok(());
    }
    let (code, message) = denial(caller, what, &[scope]);
    Err(Failure::new(code, message))
}

const INTROSPECTION_BY_KEY: &str = "Introspection needs a key on this server: send `Authorization: Bearer KEY`, or read the schema that `quarry \
     schema` prints.";
const NO_INTROSPECTION: &str = "Introspection is off on this server (server.introspection). Read the schema that `quarry schema` prints.";

fn denial(caller: &Caller, what: &str, scopes: &[Scope]) -> (ErrorCode, String) {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let scopes = scopes.join(" or ");
    match caller.key() {
        None => (
            ErrorCode::Unauthenticated,
            format!("{what} needs a key with the scope {scopes}: send `Authorization: Bearer KEY`."),
        ),
        Some(key) => (
            ErrorCode::Forbidden,
            format!("{what} needs a key with the scope {scopes}, which the key {key:?} has not."),
        ),
    }
}

#[cfg(test)]
mod tests;
