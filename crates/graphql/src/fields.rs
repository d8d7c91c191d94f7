//! The declaration of each root field: its scopes, its group in metrics and its cost.
//!
//! The pre-check, the guard of each resolver, the cost of a document and the groups of metrics derive from this table.
//! A field without a row is denied to all callers. Tests compare the table with the schema.

use async_graphql::parser::types::OperationType;

use super::field_group::FieldGroup;
use super::operation::OperationKind;
use super::root_fields::RootFields;
use OperationType::{Mutation, Query, Subscription};
use Scope::{Admin, Reports, Search};
use quarry_domain::Scope;

/// A field of `Query`, `Mutation` or `Subscription`.
#[derive(Debug)]
pub(super) struct RootField {
    /// The type of its operations.
    pub(super) on: OperationType,
    /// The name in the schema.
    pub(super) name: &'static str,
    /// The scopes of which a caller needs one.
    pub(super) scopes: &'static [Scope],
    /// The group of its operations in metrics.
    pub(super) group: FieldGroup,
    /// The cost without its selection, in plain fields.
    base_cost: u64,
}

/// All root fields, by operation and name.
pub(super) const ROOT_FIELDS: &[RootField] = &[
    // Those of a subgraph. Resolvers check the scope of each entity's type, and whether introspection is permitted.
    field(Query, "_entities", &[Search, Reports], FieldGroup::Documents, 1),
    field(Query, "_service", &Scope::ALL, FieldGroup::Introspection, 1),
    field(Query, "access", &Scope::ALL, FieldGroup::Introspection, 1),
    field(Query, "document", &[Search], FieldGroup::Documents, 1),
    field(Query, "loggingHealth", &[Reports], FieldGroup::Keystrokes, 1),
    // Up to ten searches of a hundred hits each.
    field(Query, "mergedSearch", &[Search], FieldGroup::Search, 1_000),
    // The resolver checks the scope again, which depends on the type of the object.
    field(Query, "node", &Scope::ALL, FieldGroup::Documents, 1),
    field(Query, "nodes", &Scope::ALL, FieldGroup::Documents, 1),
    field(Query, "reports", &[Reports], FieldGroup::Reports, 1),
    field(Query, "search", &[Search], FieldGroup::Search, 100),
    field(Query, "searchLog", &[Reports], FieldGroup::SearchLog, 1),
    field(Query, "searchRules", &[Admin], FieldGroup::Rules, 10),
    // An operator who starts crawls needs to see their state.
    field(Query, "sources", &[Search, Admin], FieldGroup::Crawl, 1),
    field(Query, "suggest", &[Search], FieldGroup::Suggest, 50),
    field(Mutation, "deleteDocuments", &[Admin], FieldGroup::Documents, 1),
    field(Mutation, "deleteRules", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "deleteStopWords", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "deleteSynonyms", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "eraseSearcher", &[Admin], FieldGroup::Erasure, 1),
    field(Mutation, "indexDocuments", &[Admin], FieldGroup::Documents, 1),
    field(Mutation, "logKeystroke", &[Search], FieldGroup::Keystrokes, 1),
    field(Mutation, "logKeystrokes", &[Search], FieldGroup::Keystrokes, 1),
    field(Mutation, "previewSource", &[Admin], FieldGroup::Crawl, 100),
    field(Mutation, "putRules", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "putStopWords", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "putSynonyms", &[Admin], FieldGroup::Rules, 1),
    field(Mutation, "recordInteraction", &[Search], FieldGroup::Interactions, 1),
    field(Mutation, "startCrawl", &[Admin], FieldGroup::Crawl, 1),
    field(Subscription, "crawlProgress", &[Admin], FieldGroup::Crawl, 1),
    field(Subscription, "searchLogged", &[Reports], FieldGroup::SearchLog, 1),
];

const fn field(
    on: OperationType,
    name: &'static str,
    scopes: &'static [Scope],
    group: FieldGroup,
    base_cost: u64,
) -> RootField {
    RootField { on, name, scopes, group, base_cost }
}

impl RootField {
    /// The row of a field; `None` if the table has none.
    pub(super) fn find(on: OperationType, name: &str) -> Option<&'static Self> {
        ROOT_FIELDS.iter().find(|field| field.name == name && field.on == on)
    }
}

/// A field of another type whose cost exceeds that of its selection.
struct NestedField {
    name: &'static str,
    /// The cost without its selection, in plain fields.
    base_cost: u64,
    /// The number of times that its selection counts.
    rows: u64,
}

/// All such fields. A field with an argument `first` needs no row.
const NESTED_FIELDS: &[NestedField] = &[
    NestedField { name: "categories", base_cost: 1, rows: 500 },
    NestedField { name: "searchVolume", base_cost: 1, rows: 500 },
    // Each searches the index.
    NestedField { name: "hitsNow", base_cost: 20, rows: 1 },
];

/// The names of fields with an argument `first`, which return a page.
const PAGED_FIELDS: [&str; 15] = [
    "category",
    "clickedDocuments",
    "crawls",
    "documents",
    "facets",
    "mergedSearch",
    "pages",
    "rules",
    "search",
    "searchLog",
    "stopWords",
    "suggest",
    "synonyms",
    "topSearches",
    "zeroResultSearches",
];

/// Those of them that return a list; the others return an object with the items of a page.
const LISTS: [&str; 5] = ["crawls", "rules", "stopWords", "suggest", "synonyms"];

/// The names of the fields with the items of a page.
pub(super) const PAGE_ITEMS: [&str; 5] = ["buckets", "edges", "hits", "nodes", "rows"];

/// The cost of a field without its selection, in plain fields.
///
/// Costs depend on the name only: to find the type of a field would take validation, which is more expensive.
pub(super) fn base_cost(name: &str) -> u64 {
    let root = ROOT_FIELDS.iter().find(|field| field.name == name).map(|field| field.base_cost);
    root.or_else(|| nested(name).map(|field| field.base_cost)).unwrap_or(1)
}

/// The fixed number of rows of a field.
pub(super) fn fixed_rows(name: &str) -> Option<u64> {
    nested(name).map(|field| field.rows).filter(|rows| *rows > 1)
}

/// Returns true for a field that returns a page.
pub(super) fn is_paged(name: &str) -> bool {
    PAGED_FIELDS.contains(&name)
}

/// Returns true for a field that returns an object with the items of a page, which beside them occurs once.
pub(super) fn is_page(name: &str) -> bool {
    fixed_rows(name).is_some() || is_paged(name) && !LISTS.contains(&name)
}

fn nested(name: &str) -> Option<&'static NestedField> {
    NESTED_FIELDS.iter().find(|field| field.name == name)
}

impl FieldGroup {
    /// The groups of a type of operations, in the order of [`Self::ALL`].
    pub fn of_kind(kind: OperationKind) -> impl Iterator<Item = Self> {
        let has_field = move |group: Self| {
            ROOT_FIELDS.iter().any(|field| OperationKind::from(field.on) == kind && field.group == group)
        };
        let is_general = |group| matches!(group, Self::Introspection | Self::Mixed | Self::Refused);
        Self::ALL.iter().copied().filter(move |group| is_general(*group) || has_field(*group))
    }

    /// The group of an operation, without fields that have no row: they are denied later.
    pub(super) fn of(root: &RootFields<'_>) -> Self {
        let group_of = |name: &str| match name {
            "__schema" | "__type" | "__typename" => Some(Self::Introspection),
            name => RootField::find(root.operation_type(), name).map(|row| row.group),
        };
        let mut found = None;
        for field in root.iter() {
            found = match (found, group_of(&field.node.name.node)) {
                (found, None) => found,
                (None, group) => group,
                // Clients add `__typename` to all selections.
                (found, Some(Self::Introspection)) => found,
                (Some(Self::Introspection), group) => group,
                (Some(found), Some(group)) if found == group => Some(found),
                _ => Some(Self::Mixed),
            };
        }
        found.unwrap_or(Self::Refused)
    }
}

#[cfg(test)]
mod tests;
