//! Authorization of root fields, checked twice by the rows of [`RootField`].
//!
//! [`check`] walks the whole operation before any of it runs, so that no mutation runs half.
//! [`RootGuard`] is checked by the executor as it resolves each field: where the walk and the executor
//! read a document differently, nothing is opened. Both deny a field without a row. Two things stay
//! for resolvers, by [`require`]: objects behind `node` and `nodes`, whose ids say of what kind they
//! are, and crawls within a source.

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Guard, PathSegment, ServerError};

use super::disclosure::Disclosure;
use super::error::{ErrorCode, Failure, refusal};
use super::fields::{ROOT_FIELDS, RootField};
use super::root_fields::RootFields;
use quarry_config::Switch;
use quarry_domain::{Principal, Scope};

/// The callers that may introspect the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Everybody where no keys are asked for; otherwise who has one.
    Auto,
    /// Everybody.
    On,
    /// No caller.
    Off,
}

impl Introspection {
    /// Checks a caller. The executor is set by it, too.
    pub(super) fn allows(self, caller: &Principal) -> bool {
        match self {
            Self::Auto => !caller.is_anonymous(),
            Self::On => true,
            Self::Off => false,
        }
    }

    fn authorize(self, caller: &Principal) -> Result<(), Denial> {
        let (code, message) = match self {
            _ if self.allows(caller) => return Ok(()),
            Self::Auto => (ErrorCode::Unauthenticated, INTROSPECTION_BY_KEY),
            Self::On | Self::Off => (ErrorCode::Forbidden, NO_INTROSPECTION),
        };
        Err((code, message.to_owned()))
    }
}

impl From<Switch> for Introspection {
    fn from(setting: Switch) -> Self {
        match setting {
            Switch::Auto => Self::Auto,
            Switch::On => Self::On,
            Switch::Off => Self::Off,
        }
    }
}

/// The code and the message of a denied field.
type Denial = (ErrorCode, String);

/// Checks that a caller may request every field of an operation.
pub(super) fn check(
    root: &RootFields<'_>,
    caller: &Principal,
    introspection: Introspection,
) -> Result<(), Vec<ServerError>> {
    let disclosure = Disclosure::to(caller, introspection);
    let denials = root.iter().filter_map(|field| {
        let name = field.node.name.node.as_str();
        let authorized = match name {
            "__typename" => Ok(()),
            "__schema" | "__type" => introspection.authorize(caller),
            name => authorize(root.operation_type(), name, caller, disclosure),
        };
        let (code, message) = authorized.err()?;
        let mut error = refusal(code, message);
        error.locations = vec![field.pos];
        error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        Some(error)
    });
    let errors: Vec<ServerError> = denials.collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The executor's own check of a root field, whatever [`check`] found.
pub(super) struct RootGuard(pub(super) OperationType);

impl Guard for RootGuard {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let name = ctx.item.node.name.node.as_str();
        let authorized = authorize(self.0, name, caller_of(ctx)?, Disclosure::Nothing);
        authorized.map_err(|(code, message)| Failure::new(code, message).into())
    }
}

/// The fields of an operation that are for [`Scope::Admin`] alone, each once.
pub(super) fn administers(root: &RootFields<'_>) -> Vec<&'static str> {
    let is_selected = |name: &str| root.iter().any(|field| field.node.name.node == name);
    let rows = ROOT_FIELDS.iter().filter(|row| row.on == root.operation_type());
    rows.filter(|row| *row.scopes == [Scope::Admin] && is_selected(row.name)).map(|row| row.name).collect()
}

/// Checks one root field. A field without a row is denied, even to a caller who may do everything.
fn authorize(
    on: OperationType,
    name: &str,
    caller: &Principal,
    disclosure: Disclosure,
) -> Result<(), Denial> {
    let field = RootField::find(on, name);
    if field.is_some_and(|field| field.scopes.iter().any(|scope| caller.has(*scope))) {
        return Ok(());
    }
    if disclosure == Disclosure::Nothing && caller.is_anonymous() {
        let message = format!("The field {name} needs a key: send `Authorization: Bearer KEY`.");
        return Err((ErrorCode::Unauthenticated, message));
    }
    let Some(field) = field else {
        return Err((ErrorCode::GraphqlValidationFailed, unknown(on, name, disclosure)));
    };
    Err(denial(caller, &format!("The field {name}"), field.scopes))
}

/// The message of validation, which a denied operation does not reach.
fn unknown(on: OperationType, name: &str, disclosure: Disclosure) -> String {
    let of_type = match on {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let distance = |row: &&RootField| strsim::damerau_levenshtein(name, row.name);
    let nearest = ROOT_FIELDS.iter().filter(|row| row.on == on).min_by_key(distance);
    let near = nearest.filter(|row| distance(row) <= (name.len() / 3).max(2));
    let near = near.filter(|_| disclosure == Disclosure::Schema);
    let suggestion = near.map(|row| format!(" Did you mean \"{}\"?", row.name)).unwrap_or_default();
    format!("Unknown field \"{name}\" on type \"{of_type}\".{suggestion}")
}

fn caller_of<'a>(ctx: &Context<'a>) -> Result<&'a Principal, Failure> {
    ctx.data_opt::<Principal>().ok_or_else(|| Failure::internal("the request came without its caller"))
}

/// Checks, while a field is resolved, that its caller has a scope.
pub(super) fn require(ctx: &Context<'_>, what: &str, scope: Scope) -> Result<(), Failure> {
    let caller = caller_of(ctx)?;
    if caller.has(scope) {
        return Ok(());
    }
    let (code, message) = denial(caller, what, &[scope]);
    Err(Failure::new(code, message))
}

const INTROSPECTION_BY_KEY: &str = "Introspection needs a key on this server: send `Authorization: Bearer KEY`, or read the schema that `quarry \
     schema` prints.";
const NO_INTROSPECTION: &str = "Introspection is off on this server (server.introspection). Read the schema that `quarry schema` prints.";

fn denial(caller: &Principal, what: &str, scopes: &[Scope]) -> Denial {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let scopes = scopes.join(" or ");
    match caller.key() {
        None => (
            ErrorCode::Unauthenticated,
            format!("{what} needs a key with the scope {scopes}: send `Authorization: Bearer KEY`."),
        ),
        Some(key) => (
            ErrorCode::Forbidden,
            format!("{what} needs a key with the scope {scopes}, which the key \"{key}\" has not."),
        ),
    }
}

#[cfg(test)]
mod tests;
