//! What an operation is about, for figures: few and fixed groups, by root fields, so that nothing
//! that a client names can become a label.

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

    /// The group of a root field; `None` if there is no such field.
    fn of_field(name: &str) -> Option<Self> {
        Some(match name {
            "search" => Self::Search,
            "suggest" => Self::Suggest,
            "document" | "node" | "nodes" | "indexDocuments" | "deleteDocuments" => Self::Documents,
            "searchLog" | "searchLogged" => Self::SearchLog,
            "reports" => Self::Reports,
            "sources" | "startCrawl" | "crawlProgress" => Self::Crawl,
            "logKeystroke" | "logKeystrokes" | "loggingHealth" => Self::Keystrokes,
            "recordInteraction" => Self::Interactions,
            "eraseSearcher" => Self::Erasure,
            "__schema" | "__type" | "__typename" => Self::Introspection,
            _ => return None,
        })
    }

    /// The group of an operation. A field that does not exist is refused later, and counts there.
    pub(super) fn of(root: &RootFields<'_>) -> Self {
        let mut found = None;
        for field in root.iter() {
            found = match (found, Self::of_field(&field.node.name.node)) {
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
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
    use async_graphql::parser::{parse_query, parse_schema};

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
            ("{ ...Missing }", FieldGroup::Refused),
        ] {
            assert_eq!(group(text), expected, "{text}");
        }
    }

    #[test]
    fn every_root_field_has_a_group_and_every_name_is_told_apart() {
        let schema = parse_schema(crate::schema_sdl()).unwrap();
        let mut fields = 0;
        for definition in schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node;
            let TypeKind::Object(object) = definition.node.kind else { continue };
            if !["Query", "Mutation", "Subscription"].contains(&name.as_str()) {
                continue;
            }
            for field in object.fields {
                fields += 1;
                let field = field.node.name.node;
                assert!(FieldGroup::of_field(&field).is_some(), "{name}.{field} has no group");
            }
        }
        assert!(fields > 15, "{fields}");
        let names: HashSet<&str> = FieldGroup::ALL.iter().map(|group| group.as_str()).collect();
        assert_eq!(names.len(), FieldGroup::ALL.len());
        for (place, group) in FieldGroup::ALL.into_iter().enumerate() {
            assert_eq!(group as usize, place);
        }
    }
}
