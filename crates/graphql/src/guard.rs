//! Authorization of root fields, checked twice by the rows of [`RootField`].
//!
//! [`check`] walks the whole operation before its execution, so that no mutation runs half. The executor checks
//! [`RootGuard`] as it resolves each field: if the walk and the executor read a document differently, the field is
//! denied. Both deny a field without a row. Resolvers check some things themselves, with [`require`]: objects of `node`,
//! `nodes` and `_entities`, whose type depends on the id, and the crawls of a source.

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Guard, IntrospectionMode, PathSegment, ServerError};

use super::disclosure::Disclosure;
use super::error_code::{ErrorCode, request_error};
use super::failure::Failure;
use super::fields::{ROOT_FIELDS, RootField};
use super::introspection::Introspection;
use super::root_fields::{RootFields, root_type};
use quarry_domain::{Principal, Scope};

/// The code and the message of a denied field.
type Denial = (ErrorCode, String);

/// Checks that a caller may request all fields of an operation.
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
            "__schema" | "__type" => authorize_introspection(introspection, caller),
            "_service" => authorize(root.operation_type(), name, caller, disclosure)
                .and_then(|()| authorize_introspection(introspection, caller)),
            name => authorize(root.operation_type(), name, caller, disclosure),
        };
        let (code, message) = authorized.err()?;
        let mut error = request_error(code, message);
        error.locations = vec![field.pos];
        error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        Some(error)
    });
    let errors: Vec<ServerError> = denials.collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The check of a root field by the executor, whatever [`check`] found.
pub(super) struct RootGuard(pub(super) OperationType);

impl Guard for RootGuard {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let name = ctx.item.node.name.node.as_str();
        let authorized = authorize(self.0, name, caller_of(ctx)?, Disclosure::Nothing);
        authorized.map_err(|(code, message)| Failure::new(code, message).into())
    }
}

/// The fields of an operation that require [`Scope::Admin`], each once.
pub(super) fn administers(root: &RootFields<'_>) -> Vec<&'static str> {
    let is_selected = |name: &str| root.iter().any(|field| field.node.name.node == name);
    let rows = ROOT_FIELDS.iter().filter(|row| row.on == root.operation_type());
    rows.filter(|row| *row.scopes == [Scope::Admin] && is_selected(row.name)).map(|row| row.name).collect()
}

fn authorize_introspection(introspection: Introspection, caller: &Principal) -> Result<(), Denial> {
    let (code, message) = match introspection {
        _ if introspection.allows(caller) => return Ok(()),
        Introspection::Auto => (
            ErrorCode::Unauthenticated,
            "Introspection requires a key on this server: send `Authorization: Bearer KEY`, or read the schema that \
             `quarry schema` prints.",
        ),
        Introspection::On | Introspection::Off => (
            ErrorCode::Forbidden,
            "Introspection is disabled on this server (server.introspection). Read the schema that `quarry schema` \
             prints.",
        ),
    };
    Err((code, message.to_owned()))
}

/// Checks a root field; one without a row is denied, even to an unrestricted caller.
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
        let message = format!("The field {name} requires a key: send `Authorization: Bearer KEY`.");
        return Err((ErrorCode::Unauthenticated, message));
    }
    let Some(field) = field else {
        return Err((ErrorCode::GraphqlValidationFailed, unknown(on, name, disclosure)));
    };
    Err(denial(caller, &format!("The field {name}"), field.scopes))
}

/// The message that validation would give, which a denied operation does not reach.
fn unknown(on: OperationType, name: &str, disclosure: Disclosure) -> String {
    let of_type = root_type(on);
    let distance = |row: &&RootField| strsim::damerau_levenshtein(name, row.name);
    let nearest = ROOT_FIELDS.iter().filter(|row| row.on == on).min_by_key(distance);
    // The fields of a subgraph are for routers.
    let near = nearest.filter(|row| distance(row) <= (name.len() / 3).max(2) && !row.name.starts_with('_'));
    let near = near.filter(|_| disclosure == Disclosure::Schema);
    let suggestion = near.map(|row| format!(" Did you mean \"{}\"?", row.name)).unwrap_or_default();
    format!("Unknown field \"{name}\" on type \"{of_type}\".{suggestion}")
}

/// The sender of the request.
pub(super) fn caller_of<'a>(ctx: &Context<'a>) -> Result<&'a Principal, Failure> {
    ctx.data_opt::<Principal>().ok_or_else(|| Failure::internal("the request has no caller"))
}

/// Checks, while a field is resolved, that its caller has a scope.
pub(super) fn require(ctx: &Context<'_>, object: &str, scope: Scope) -> Result<(), Failure> {
    let caller = caller_of(ctx)?;
    if caller.has(scope) {
        return Ok(());
    }
    let (code, message) = denial(caller, object, &[scope]);
    Err(Failure::new(code, message))
}

/// Checks, while a field is resolved, that its caller may introspect the schema.
pub(super) fn require_introspection(ctx: &Context<'_>) -> Result<(), Failure> {
    if ctx.query_env.introspection_mode == IntrospectionMode::Enabled {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Forbidden,
        "Introspection is disabled for this request (server.introspection).",
    ))
}

fn denial(caller: &Principal, object: &str, scopes: &[Scope]) -> Denial {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let scopes = scopes.join(" or ");
    match caller.key() {
        None => (
            ErrorCode::Unauthenticated,
            format!("{object} requires a key with the scope {scopes}: send `Authorization: Bearer KEY`."),
        ),
        Some(key) => (
            ErrorCode::Forbidden,
            format!(
                "{object} requires the scope {scopes}, which the key \"{key}\" lacks: use a key with this scope."
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
