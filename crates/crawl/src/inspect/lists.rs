//! The list of items in a body.

use std::collections::BTreeMap;

use super::names::{normalized, rank};
use super::pointer::child;
use crate::json::Json;

/// The deepest level of a list.
const MAX_DEPTH: usize = 4;
/// Names of lists of items.
const ITEM_LISTS: &[&str] = &[
    "items",
    "data",
    "results",
    "result",
    "docs",
    "documents",
    "value",
    "records",
    "hits",
    "entries",
    "list",
    "rows",
    "objects",
    "nodes",
    "edges",
    "children",
    "elements",
    "entities",
    "content",
    "posts",
    "articles",
    "messages",
    "products",
    "features",
    "members",
    "hydramember",
    "resources",
    "response",
    "values",
    "issues",
];
/// Names of lists beside the items.
const SIDE_LISTS: &[&str] = &[
    "included",
    "includes",
    "links",
    "link",
    "errors",
    "warnings",
    "facets",
    "aggregations",
    "filters",
    "columns",
    "fields",
    "schema",
    "breadcrumbs",
    "sort",
    "categories",
    "tags",
    "suggestions",
    "buckets",
];

/// A list of items.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ItemList<'a> {
    /// The pointer to the list.
    pub(crate) pointer: String,
    /// The items that are objects.
    pub(crate) items: Vec<&'a Json>,
    /// The items are the members of an object, named by their keys.
    pub(crate) is_keyed: bool,
    /// The items are the elements of the members of an object, such as one array per day.
    pub(crate) is_grouped: bool,
}

impl ItemList<'_> {
    /// Returns the path of the settings to the items.
    pub(crate) fn path(&self) -> String {
        let wildcards = match (self.is_keyed, self.is_grouped) {
            (true, _) => "/*",
            (_, true) => "/*/*",
            _ => "",
        };
        format!("{}{wildcards}", self.pointer)
    }
}

/// Finds the list of items: the largest array of objects, or else an object of similar objects.
///
/// A list with a name that is usual for items precedes larger ones, as `data` does `included`.
pub(crate) fn find_items(body: &Json) -> Option<ItemList<'_>> {
    let mut candidates = Vec::new();
    collect(body, String::new(), 0, &mut candidates);
    let has_array = candidates.iter().any(|list| !list.is_keyed);
    candidates.retain(|list| list.is_keyed != has_array);
    // The first of equals is the least deep.
    candidates.into_iter().rev().max_by_key(|list| (likelihood(&list.pointer), list.items.len()))
}

fn likelihood(pointer: &str) -> u8 {
    let name = normalized(pointer.rsplit('/').next().unwrap_or_default());
    if rank(&name, SIDE_LISTS).is_some() {
        0
    } else if pointer.is_empty() || rank(&name, ITEM_LISTS).is_some() {
        2
    } else {
        1
    }
}

fn collect<'a>(value: &'a Json, pointer: String, depth: usize, found: &mut Vec<ItemList<'a>>) {
    match value {
        Json::Array(elements) => {
            let items: Vec<&Json> = elements.iter().filter(|element| element.as_object().is_some()).collect();
            if !items.is_empty() && items.len() * 2 > elements.len() {
                found.push(ItemList { pointer, items, is_keyed: false, is_grouped: false });
            }
        }
        Json::Object(members) => {
            if let Some(items) = groups(members) {
                found.push(ItemList { pointer, items, is_keyed: false, is_grouped: true });
                return;
            }
            if members.len() >= 2 && are_similar(&members.values().collect::<Vec<_>>()) {
                let items = members.values().collect();
                found.push(ItemList { pointer: pointer.clone(), items, is_keyed: true, is_grouped: false });
            }
            if depth < MAX_DEPTH {
                for (name, member) in members {
                    collect(member, child(&pointer, name), depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

/// Returns the elements of members that are lists of similar objects, with names such as dates or numbers.
fn groups(members: &BTreeMap<String, Json>) -> Option<Vec<&Json>> {
    // Lists with words for names are different things.
    let is_value = |name: &String| name.bytes().any(|byte| byte.is_ascii_digit()) || name.len() == 1;
    let lists = members.iter().map(|(name, member)| match member {
        Json::Array(elements) if is_value(name) => Some(elements),
        _ => None,
    });
    let lists: Vec<&Vec<Json>> = lists.collect::<Option<_>>()?;
    let items: Vec<&Json> = lists.iter().copied().flatten().collect();
    let is_dated = members.keys().all(|name| name.len() >= 8);
    (are_similar(&items) && (lists.len() >= 2 || is_dated)).then_some(items)
}

/// Returns true if all values are objects that share most names of their members with the first.
fn are_similar(values: &[&Json]) -> bool {
    let Some(Json::Object(first)) = values.first() else { return false };
    first.len() >= 2
        && values.iter().all(|member| {
            let shared = |other: &BTreeMap<String, Json>| {
                other.keys().filter(|name| first.contains_key(*name)).count()
            };
            member.as_object().is_some_and(|other| shared(other) * 3 >= first.len().max(other.len()) * 2)
        })
}

/// Returns the names of the members of items, in the order of their frequency.
pub(crate) fn member_names<'a>(items: impl IntoIterator<Item = &'a Json>) -> Vec<(String, usize)> {
    let mut names: Vec<(String, usize)> = Vec::new();
    for item in items {
        for name in item.as_object().into_iter().flat_map(BTreeMap::keys) {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name.clone(), 1)),
            }
        }
    }
    names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::json_of;

    #[test]
    fn the_items_are_the_most_likely_list() {
        let thing = |n: u32| json!({"id": n, "name": format!("n{n}")});
        for (body, pointer, count, is_keyed) in [
            (json!([thing(1), thing(2)]), "", 2, false),
            (json!({"data": [thing(1)], "included": [thing(2), thing(3)]}), "/data", 1, false),
            (json!({"response": {"docs": [thing(1)], "start": 0}}), "/response/docs", 1, false),
            (json!({"data": {"children": [{"data": thing(1)}]}}), "/data/children", 1, false),
            (json!({"small": [thing(1)], "animals": [thing(2), thing(3)]}), "/animals", 2, false),
            (json!({"a/b": [thing(1)]}), "/a~1b", 1, false),
            (json!({"a": {"b": {"c": {"d": [thing(1)]}}}}), "/a/b/c/d", 1, false),
            (json!({"users": {"17": thing(1), "18": thing(2)}}), "/users", 2, true),
            (
                json!({"days": {"2026-01-01": [thing(1)], "2026-01-02": [thing(2), thing(3)]}}),
                "/days",
                3,
                false,
            ),
            (json!({"2026-01-01": [thing(1)]}), "", 1, false),
            (json!({"2024": [thing(1)], "2025": [thing(2), thing(3)]}), "", 3, false),
            (json!({"list1": [thing(1)], "users": [thing(2), thing(3)]}), "/users", 2, false),
            (
                json!({"result": {"records": [thing(1)], "fields": [thing(2), thing(3)], "total": 9}}),
                "/result/records",
                1,
                false,
            ),
            (json!({"items": [thing(1), null]}), "", 0, false),
            (json!({"items": [1, 2], "error": "no"}), "", 0, false),
        ] {
            let found =
                find_items(&json_of(&body)).map(|list| (list.pointer, list.items.len(), list.is_keyed));
            let expected = (count > 0).then(|| (pointer.to_owned(), count, is_keyed));
            assert_eq!(found, expected, "{body}");
        }
    }
}
