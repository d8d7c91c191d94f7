//! The root fields, one row each: who may request a field, and which group metrics count it in.
//!
//! The pre-check, the guard of each resolver and the groups of metrics read this one table. A field of
//! the schema without a row here is denied to everyone; a test compares the table with the schema.

use async_graphql::parser::types::OperationType;

use super::field_group::FieldGroup;
use OperationType::{Mutation, Query, Subscription};
use Scope::{Admin, Reports, Search};
use quarry_domain::Scope;

/// A field of `Query`, `Mutation` or `Subscription`.
#[derive(Debug)]
pub(super) struct RootField {
    /// The operations that may select it.
    pub(super) on: OperationType,
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// The scopes of which a caller needs one.
    pub(super) scopes: &'static [Scope],
    /// The group that metrics count its operations in.
    pub(super) group: FieldGroup,
}

/// Every root field, by operation and name.
pub(super) const ROOT_FIELDS: &[RootField] = &[
    field(Query, "document", &[Search], FieldGroup::Documents),
    field(Query, "loggingHealth", &[Reports], FieldGroup::Keystrokes),
    // The kind of the object decides; its resolver checks again once the id is read.
    field(Query, "node", &Scope::ALL, FieldGroup::Documents),
    field(Query, "nodes", &Scope::ALL, FieldGroup::Documents),
    field(Query, "reports", &[Reports], FieldGroup::Reports),
    field(Query, "search", &[Search], FieldGroup::Search),
    field(Query, "searchLog", &[Reports], FieldGroup::SearchLog),
    // An operator who starts crawls needs to see their state.
    field(Query, "sources", &[Search, Admin], FieldGroup::Crawl),
    field(Query, "suggest", &[Search], FieldGroup::Suggest),
    field(Mutation, "deleteDocuments", &[Admin], FieldGroup::Documents),
    field(Mutation, "eraseSearcher", &[Admin], FieldGroup::Erasure),
    field(Mutation, "indexDocuments", &[Admin], FieldGroup::Documents),
    field(Mutation, "logKeystroke", &[Search], FieldGroup::Keystrokes),
    field(Mutation, "logKeystrokes", &[Search], FieldGroup::Keystrokes),
    field(Mutation, "recordInteraction", &[Search], FieldGroup::Interactions),
    field(Mutation, "startCrawl", &[Admin], FieldGroup::Crawl),
    field(Subscription, "crawlProgress", &[Admin], FieldGroup::Crawl),
    field(Subscription, "searchLogged", &[Reports], FieldGroup::SearchLog),
];

const fn field(
    on: OperationType,
    name: &'static str,
    scopes: &'static [Scope],
    group: FieldGroup,
) -> RootField {
    RootField { on, name, scopes, group }
}

impl RootField {
    /// The row of a field; `None` if the table has none.
    pub(super) fn find(on: OperationType, name: &str) -> Option<&'static Self> {
        ROOT_FIELDS.iter().find(|field| field.name == name && field.on == on)
    }
}
