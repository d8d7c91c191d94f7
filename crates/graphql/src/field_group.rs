//! What an operation is about, for figures: few and fixed groups, by root fields, so that nothing
//! that a client names can become a label.

use super::fields::RootField;
use super::root_fields::RootFields;

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldGroup {
    /// Searching for documents.
    Search,
    /// Completing what is typed.
    Suggest,
    /// Looking documents and other nodes up, and writing documents.
    Documents,
    /// What was searched for, one by one.
    SearchLog,
    /// What was searched for and sold, added up.
    Reports,
    /// Sources and their crawls.
    Crawl,
    /// Keystrokes on their way to the log.
    Keystrokes,
    /// Clicks and conversions.
    Interactions,
    /// Erasing a person.
    Erasure,
    /// The schema itself.
    Introspection,
    /// Several of these at once.
    Mixed,
    /// Nothing that ran: the operation was refused before it was known.
    Refused,
}

impl FieldGroup {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::Search,
        Self::Suggest,
        Self::Documents,
        Self::SearchLog,
        Self::Reports,
        Self::Crawl,
        Self::Keystrokes,
        Self::Interactions,
        Self::Erasure,
        Self::Introspection,
        Self::Mixed,
        Self::Refused,
    ];

    /// The group as it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Suggest => "suggest",
            Self::Documents => "documents",
            Self::SearchLog => "search_log",
            Self::Reports => "reports",
            Self::Crawl => "crawl",
            Self::Keystrokes => "keystrokes",
            Self::Interactions => "interactions",
            Self::Erasure => "erasure",
            Self::Introspection => "introspection",
            Self::Mixed => "mixed",
            Self::Refused => "refused",
        }
    }

    /// The group of an operation. A field without a row is denied later, and counts there.
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
                // Clients add `__typename` to everything.
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
mod tests {
    use std::collections::HashSet;

    use async_graphql::Variables;
    use async_graphql::parser::parse_query;

    use super::*;

    fn group(text: &str) -> FieldGroup {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        FieldGroup::of(&RootFields::of(&document, &operation.node, &Variables::default()))
    }

    #[test]
    fn operations_are_told_by_their_root_fields() {
        for (text, expected) in [
            ("{ search }", FieldGroup::Search),
            ("query reports { s: search }", FieldGroup::Search),
            ("{ __typename search }", FieldGroup::Search),
            ("{ search __typename }", FieldGroup::Search),
            ("{ search(query: \"x\") { nodes { id } } search { totalCount } }", FieldGroup::Search),
            ("{ search suggest }", FieldGroup::Mixed),
            ("{ search suggest search }", FieldGroup::Mixed),
            ("{ node nodes document }", FieldGroup::Documents),
            (
                "{ ... on Query { ...F } } fragment F on Query { ...G } fragment G on Query { reports }",
                FieldGroup::Reports,
            ),
            ("{ ...F ...F } fragment F on Query { ...F reports }", FieldGroup::Reports),
            ("{ __schema { types { name } } }", FieldGroup::Introspection),
            ("mutation { logKeystroke }", FieldGroup::Keystrokes),
            ("subscription { searchLogged }", FieldGroup::SearchLog),
            ("{ nonsense }", FieldGroup::Refused),
            ("{ logKeystroke }", FieldGroup::Refused),
            ("{ ...Missing }", FieldGroup::Refused),
        ] {
            assert_eq!(group(text), expected, "{text}");
        }
    }

    #[test]
    fn every_name_is_distinct_and_every_group_has_its_place() {
        let names: HashSet<&str> = FieldGroup::ALL.iter().map(|group| group.as_str()).collect();
        assert_eq!(names.len(), FieldGroup::ALL.len());
        for (place, group) in FieldGroup::ALL.into_iter().enumerate() {
            assert_eq!(group as usize, place);
        }
    }
}
