//! The members of a page beside its items, which tell the end of a list from an error.

use std::fmt::Write as _;

use uuid::Uuid;

use super::error_names::is_telling;
use super::items::ItemsShape;
use crate::json::Json;

/// Returns a digest of the members beside the items: their names, and the values of those such as `message`.
///
/// `None` for a page that is no object, or the item itself.
pub(super) fn frame_of(page: &Json, items: &ItemsShape) -> Option<u32> {
    if items.is_page() || page.as_object().is_none() {
        return None;
    }
    let mut text = String::new();
    for object in [String::new()].into_iter().chain(items.objects_around()) {
        let Some(Json::Object(members)) = page.pointer(&object) else { continue };
        for (name, value) in members {
            // A `String` accepts every write.
            let _ = match value {
                _ if !is_telling(name) => writeln!(text, "{object}/{name}"),
                Json::Array(_) | Json::Object(_) => writeln!(text, "{object}/{name} {}", value.is_empty()),
                value => writeln!(text, "{object}/{name} {value}"),
            };
        }
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
    let [one, two, three, four, ..] = *digest.as_bytes();
    Some(u32::from_be_bytes([one, two, three, four]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quarry_config::ItemsPath;

    fn frame(path: &str, page: &str) -> Option<u32> {
        let path = ItemsPath::parse(path).expect("a path");
        frame_of(&Json::parse(page).expect("JSON"), &ItemsShape { path, single_object: false })
    }

    #[test]
    fn the_names_beside_the_items_and_telling_values_count() {
        let page = frame("/items", r#"{"items":[1],"page":1,"message":"OK"}"#);
        assert_eq!(frame("/items", r#"{"items":[],"page":7,"message":"OK"}"#), page);
        assert_eq!(frame("/items", r#"{"items":null,"page":null,"message":"OK"}"#), page);
        assert_ne!(frame("/items", r#"{"items":[],"page":7,"message":"Timeout"}"#), page);
        assert_ne!(frame("/items", r#"{"items":[],"page":7,"message":"OK","hint":1}"#), page);
        let inner = frame("/d/items", r#"{"d":{"items":[1]}}"#);
        assert_ne!(frame("/d/items", r#"{"d":{"items":[],"note":1}}"#), inner);
        assert_ne!(
            frame("/items", r#"{"items":[],"warnings":["shard failed"]}"#),
            frame("/items", r#"{"items":[1],"warnings":[]}"#)
        );
        assert_eq!(frame("", "[]"), None);
    }
}
