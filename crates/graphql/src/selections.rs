//! The selections of a document, visited without recursion.

use std::collections::HashSet;
use std::slice;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

/// An iterator over selections and those within them.
pub(super) struct Selections<'a> {
    document: &'a ExecutableDocument,
    /// The spread fragments that were visited; `None` if spreads are not followed.
    followed: Option<HashSet<&'a Name>>,
    /// The rest of each set on the way to the next selection.
    sets: Vec<slice::Iter<'a, Positioned<Selection>>>,
}

impl<'a> Selections<'a> {
    /// The selections of all operations and fragments of a document.
    pub(super) fn of_document(document: &'a ExecutableDocument) -> Self {
        let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set);
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
        let sets = operations.chain(fragments).map(|set| set.node.items.iter()).collect();
        Self { document, followed: None, sets }
    }

    /// The selections of an operation and of the fragments that it spreads, each once.
    pub(super) fn of_operation(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Self {
        let sets = vec![operation.selection_set.node.items.iter()];
        Self { document, followed: Some(HashSet::new()), sets }
    }

    fn within(&mut self, selection: &'a Selection) -> Option<&'a SelectionSet> {
        Some(match selection {
            Selection::Field(field) => &field.node.selection_set.node,
            Selection::InlineFragment(fragment) => &fragment.node.selection_set.node,
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let is_new = self.followed.as_mut()?.insert(name);
                // Validation reports an undefined fragment.
                let fragment = self.document.fragments.get(name).filter(|_| is_new)?;
                &fragment.node.selection_set.node
            }
        })
    }
}

impl<'a> Iterator for Selections<'a> {
    type Item = &'a Positioned<Selection>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(selection) = self.sets.last_mut()?.next() else {
                self.sets.pop();
                continue;
            };
            if let Some(within) = self.within(&selection.node) {
                self.sets.push(within.items.iter());
            }
            return Some(selection);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn names(selections: Selections<'_>) -> String {
        let mut names: Vec<&str> = selections
            .map(|selection| match &selection.node {
                Selection::Field(field) => field.node.name.node.as_str(),
                Selection::InlineFragment(_) => "...",
                Selection::FragmentSpread(spread) => spread.node.fragment_name.node.as_str(),
            })
            .collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[test]
    fn selections_are_visited_at_every_depth() {
        let text = "query A { a { b } ...F ...F } query B { ... { c } } fragment F on Q { d { e } ...F }";
        let document = parse_query(text).unwrap();
        assert_eq!(names(Selections::of_document(&document)), "... F F F a b c d e");
        let of = |wanted: &str| {
            let mut operations = document.operations.iter();
            let (_, operation) =
                operations.find(|(name, _)| name.is_some_and(|name| name == wanted)).unwrap();
            names(Selections::of_operation(&document, &operation.node))
        };
        assert_eq!(of("A"), "F F F a b d e");
        assert_eq!(of("B"), "... c");
    }
}
