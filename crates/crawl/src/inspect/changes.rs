//! The time of the last change of unknown items, and the parameter that asks for changed ones.

use url::Url;

use super::member::members;
use super::names::{normalized, rank};
use super::statements::Leaf;
use crate::json::Json;

/// Names of the time of the last change, normalized, the likeliest first.
const CHANGES: &[&str] = &[
    "updatedat",
    "modifiedat",
    "lastmodifiedat",
    "updated",
    "modified",
    "lastmodified",
    "lastupdated",
    "modifiedgmt",
    "updatedon",
    "modifiedon",
    "dateupdated",
    "datemodified",
    "updateddate",
    "modifieddate",
];
/// Names of parameters that ask for items changed since a time, normalized.
const PARAMS: &[&str] = &[
    "modifiedafter",
    "updatedafter",
    "updatedsince",
    "modifiedsince",
    "changedsince",
    "updatedatmin",
    "lastmodifiedafter",
    "since",
];

/// Returns the pointer to the time of the last change, if each item has it.
pub(crate) fn find_change_time(items: &[&Json]) -> Option<String> {
    let members = members(items);
    let timed = members
        .iter()
        .filter(|member| member.is_own() && member.values.len() == items.len() && member.is_date());
    let named = timed.filter_map(|member| Some((rank(&member.name(), CHANGES)?, member.path.len(), member)));
    named.min_by_key(|(rank, depth, _)| (*rank, *depth)).map(|(.., member)| member.pointer.clone())
}

/// Returns the parameter that the response names: as a member, or in the address of another page.
pub(crate) fn find_change_param(statements: &[Leaf<'_>]) -> Option<String> {
    let in_address = |text: &str| {
        let url = Url::options().base_url(Url::parse("http://relative").ok().as_ref()).parse(text).ok()?;
        let named = url.query_pairs().find(|(name, _)| is_param(name))?;
        Some(named.0.into_owned())
    };
    statements.iter().find_map(|leaf| {
        let name = leaf.path.last()?;
        if is_param(name) {
            return Some((*name).to_owned());
        }
        leaf.value.as_str().filter(|text| text.contains('?')).and_then(in_address)
    })
}

fn is_param(name: &str) -> bool {
    rank(&normalized(name), PARAMS).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::json_of;
    use crate::inspect::leaves;

    #[test]
    fn the_time_of_the_last_change_is_in_each_item() {
        let at = "2026-01-02T03:04:05Z";
        for (item, other, expected) in [
            (json!({"id": 1, "updated_at": at}), json!({"id": 2, "updated_at": at}), Some("/updated_at")),
            (
                json!({"modified": at, "updatedAt": at}),
                json!({"modified": at, "updatedAt": at}),
                Some("/updatedAt"),
            ),
            (json!({"updated_at": at}), json!({"id": 2}), None),
            (json!({"updated_at": "yes"}), json!({"updated_at": "no"}), None),
            (json!({"created_at": at}), json!({"created_at": at}), None),
            (json!({"user": {"updated_at": at}}), json!({"user": {"updated_at": at}}), None),
        ] {
            let items = [json_of(&item), json_of(&other)];
            let found = find_change_time(&items.iter().collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{item}");
        }
    }

    #[test]
    fn the_parameter_is_one_that_the_response_names() {
        for (body, expected) in [
            (json!({"items": [], "filters": {"modified_after": null}}), Some("modified_after")),
            (json!({"items": [], "next": "/list?updatedAfter=&page=2"}), Some("updatedAfter")),
            (json!({"items": [], "next": "http://h/list?page=2&since=0"}), Some("since")),
            (json!({"items": [], "next": "/list?page=2", "note": "ever since? yes"}), None),
        ] {
            let body = json_of(&body);
            assert_eq!(find_change_param(&leaves(&body, "/items")).as_deref(), expected);
        }
    }
}
