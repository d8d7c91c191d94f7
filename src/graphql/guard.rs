//! Who may ask for which field: checked for the whole operation before any of it runs.
//!
//! An operation that holds a field its caller may not ask for is refused as a whole, so that no
//! mutation runs half, and no resolver can forget to ask. Two things stay for resolvers, by
//! [`require`]: objects behind `node` and `nodes`, whose ids say of what kind they are, and crawls
//! within a source.

use std::collections::HashSet;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, OperationDefinition, SelectionSet};
use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Context, Name, PathSegment, Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::error::{ErrorCode, Failure, refusal};
use crate::domain::{Caller, Scope};
use Scope::{Admin, Reports, Search};

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
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    caller: &Caller,
    introspection: Introspection,
) -> Result<(), Vec<ServerError>> {
    if caller.is_unchecked() && introspection.allows(caller) {
        return Ok(());
    }
    let rules = match operation.ty {
        OperationType::Query => QUERY,
        OperationType::Mutation => MUTATION,
        OperationType::Subscription => SUBSCRIPTION,
    };
    let mut pass = Pass {
        document,
        operation,
        variables,
        caller,
        introspection,
        rules,
        visited: HashSet::new(),
        errors: Vec::new(),
    };
    pass.selection_set(&operation.selection_set.node);
    if pass.errors.is_empty() { Ok(()) } else { Err(pass.errors) }
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

/// Walks the fields at the root of an operation, those of fragments among them.
struct Pass<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    caller: &'a Caller,
    introspection: Introspection,
    rules: &'static [Rule],
    visited: HashSet<&'a Name>,
    errors: Vec<ServerError>,
}

impl<'a> Pass<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            if selection.node.directives().iter().any(|directive| self.leaves_out(&directive.node)) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.field(field),
                Selection::InlineFragment(fragment) => self.selection_set(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    // One that is not there is for validation to name.
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.visited.insert(name)
                    {
                        self.selection_set(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'a Positioned<Field>) {
        let name = field.node.name.node.as_str();
        if INTROSPECTION.contains(&name) {
            if !self.introspection.allows(self.caller) {
                let (code, message) = match self.introspection {
                    Introspection::Auto => (ErrorCode::Unauthenticated, INTROSPECTION_BY_KEY),
                    Introspection::On | Introspection::Off => (ErrorCode::Forbidden, NO_INTROSPECTION),
                };
                self.refuse(field, code, message.to_owned());
            }
            return;
        }
        // What is not in the schema is for validation to name; a test holds the table against it.
        let Some((_, scopes)) = self.rules.iter().find(|(known, _)| *known == name) else { return };
        if !scopes.iter().any(|scope| self.caller.has(*scope)) {
            let (code, message) = denial(self.caller, &format!("The field {name}"), scopes);
            self.refuse(field, code, message);
        }
    }

    fn refuse(&mut self, field: &Positioned<Field>, code: ErrorCode, message: String) {
        let mut error = refusal(code, message);
        error.locations = vec![field.pos];
        error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        self.errors.push(error);
    }

    /// Whether a directive says that its selection is not wanted.
    fn leaves_out(&self, directive: &Directive) -> bool {
        let unwanted = match directive.name.node.as_str() {
            "skip" => true,
            "include" => false,
            _ => return false,
        };
        match directive.get_argument("if").map(|argument| &argument.node) {
            Some(InputValue::Boolean(value)) => *value == unwanted,
            Some(InputValue::Variable(name)) => self.variable(name) == Some(unwanted),
            _ => false,
        }
    }

    fn variable(&self, name: &Name) -> Option<bool> {
        if let Some(given) = self.variables.get(name) {
            return if let Value::Boolean(given) = given { Some(*given) } else { None };
        }
        let definitions = &self.operation.variable_definitions;
        let definition = definitions.iter().find(|definition| definition.node.name.node == *name)?;
        match definition.node.default_value.as_ref().map(|default| &default.node) {
            Some(Value::Boolean(default)) => Some(*default),
            _ => None,
        }
    }
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
