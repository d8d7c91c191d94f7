//! The next page of upstreams that continue behind an item, which the last item of a page names.

use super::statements::json_cursor;
use crate::mapping::scalar_text;
use crate::upstream::{NextPage, Stated, UpstreamItem};
use quarry_config::KeyPart;

/// Returns the cursor behind the last item that has one: earlier items are then served twice, none is skipped.
pub(super) fn next_of_last(
    member: &KeyPart,
    items: &[UpstreamItem],
    takes_json: bool,
) -> Result<Stated<NextPage>, String> {
    let value = |item: &UpstreamItem| match member {
        KeyPart::Pointer(pointer) => {
            let value = item.content.as_ref().ok()?.pointer(pointer.as_str())?;
            let text = scalar_text(value).map(|text| NextPage::Cursor(text.into_owned()));
            text.or_else(|| json_cursor(value).filter(|_| takes_json))
        }
        _ => item.name.clone().map(NextPage::Cursor),
    };
    match items.iter().rev().find_map(value) {
        Some(cursor) => Ok(Stated::Value(cursor)),
        None if items.is_empty() => Ok(Stated::Absent),
        None => Err(format!("no item of the page has a text or number at {}: check `next`", member.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{json_of, pointer};
    use crate::json::Json;

    #[test]
    fn the_cursor_of_a_body_may_be_an_array_or_an_object() {
        let next = |sort: serde_json::Value, takes_json: bool| {
            let member = KeyPart::Pointer(pointer("/sort"));
            next_of_last(&member, &[json_of(&json!({"sort": sort})).into()], takes_json).ok()
        };
        let stated = |next| Some(Stated::Value(next));
        assert_eq!(next(json!([7, "a"]), true), stated(NextPage::Json(r#"[7,"a"]"#.to_owned())));
        assert_eq!(next(json!({"S": 1.5}), true), stated(NextPage::Json(r#"{"S":1.5}"#.to_owned())));
        assert_eq!(next(json!("a"), true), stated(NextPage::Cursor("a".to_owned())));
        assert_eq!(next(json!([7]), false), None);
        let long: UpstreamItem = Json::parse(r#"{"sort":[18446744073709551617]}"#).expect("JSON").into();
        let member = KeyPart::Pointer(pointer("/sort"));
        assert!(next_of_last(&member, &[long], true).is_err(), "a request would round it");
    }
}
