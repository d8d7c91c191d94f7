//! The items at a path of a JSON body.

use super::unexpected_shape;
use crate::json::Json;
use crate::upstream::UpstreamItem;
use quarry_config::{ItemsPath, PathSegment};

/// The place of the items in a JSON body.
#[derive(Clone, Debug)]
pub(super) struct ItemsShape {
    pub(super) path: ItemsPath,
    /// An object at the path is the only item.
    pub(super) single_object: bool,
}

/// A value that a path selects, and its name if the last wildcard selected it from an object.
struct Match {
    name: Option<String>,
    value: Json,
}

impl ItemsShape {
    /// Returns true if the page itself may be an item, whose members state nothing about the page.
    pub(super) fn is_page(&self) -> bool {
        self.single_object && self.path.segments().is_empty()
    }

    /// Returns the pointer to the object that contains the items, unless it is the page or an item.
    pub(super) fn static_parent(&self) -> Option<String> {
        let segments = self.path.segments();
        let names = segments.iter().take_while(|segment| matches!(segment, PathSegment::Name(_))).count();
        let is_plain = names == segments.len();
        let parent = names.saturating_sub(usize::from(is_plain));
        (parent > 0).then(|| pointer_of(&segments[..parent]))
    }

    /// Returns the pointer to the list, unless that is the page or several lists.
    pub(super) fn static_list(&self) -> Option<String> {
        let segments = self.path.segments();
        let is_plain = segments.iter().all(|segment| matches!(segment, PathSegment::Name(_)));
        (is_plain && !segments.is_empty()).then(|| pointer_of(segments))
    }

    /// Returns the pointers to the objects around the items, without the page itself and the items.
    pub(super) fn objects_around(&self) -> Vec<String> {
        let segments = self.path.segments();
        let names = segments.iter().take_while(|segment| matches!(segment, PathSegment::Name(_))).count();
        (1..names).map(|length| pointer_of(&segments[..length])).collect()
    }

    /// Takes the items of a page.
    ///
    /// A path that ends in a wildcard selects the items. One that ends in a name selects lists of items, or
    /// behind a wildcard the items themselves.
    pub(super) fn take(&self, page: Json) -> Result<Vec<UpstreamItem>, String> {
        let segments = self.path.segments();
        let Some(wildcard) = segments.iter().position(|segment| *segment == PathSegment::Wildcard) else {
            return self.take_list(page);
        };
        let pointer = pointer_of(&segments[..wildcard]);
        let mut page = page;
        let container = match page.take(&pointer) {
            Some(container @ (Json::Array(_) | Json::Object(_))) => container,
            Some(value) if !pointer.is_empty() && is_empty_list(&value) => return Ok(Vec::new()),
            _ => return Err(unexpected_shape("no array and no object", &pointer)),
        };
        let mut matches = Vec::new();
        select(container, None, &segments[wildcard..], &mut matches);
        let ends_in_name = matches!(segments.last(), Some(PathSegment::Name(_)));
        if ends_in_name && matches.iter().any(|found| matches!(found.value, Json::Array(_))) {
            return Ok(matches.into_iter().flat_map(flatten).collect());
        }
        Ok(matches.into_iter().map(item).collect())
    }

    fn take_list(&self, mut page: Json) -> Result<Vec<UpstreamItem>, String> {
        let pointer = pointer_of(self.path.segments());
        match page.take(&pointer) {
            Some(Json::Array(items)) => Ok(items.into_iter().map(UpstreamItem::from).collect()),
            Some(value) if !pointer.is_empty() && is_empty_list(&value) => Ok(Vec::new()),
            Some(object @ Json::Object(_)) if self.single_object => Ok(vec![object.into()]),
            _ => Err(unexpected_shape("no array", &pointer)),
        }
    }
}

/// Returns true for what several languages write for an empty list: null, `{}` and an empty text.
fn is_empty_list(value: &Json) -> bool {
    matches!(value, Json::Null | Json::Object(_) | Json::String(_)) && value.is_empty()
}

/// Collects the values at a path, with null in place of a missing one, so that no item is lost silently.
fn select(value: Json, name: Option<String>, path: &[PathSegment], matches: &mut Vec<Match>) {
    let Some((segment, rest)) = path.split_first() else {
        matches.push(Match { name, value });
        return;
    };
    match (segment, value) {
        (PathSegment::Wildcard, Json::Array(elements)) => {
            elements.into_iter().for_each(|element| select(element, None, rest, matches));
        }
        (PathSegment::Wildcard, Json::Object(members)) => {
            members.into_iter().for_each(|(name, member)| select(member, Some(name), rest, matches));
        }
        (PathSegment::Wildcard, Json::Null) => {}
        (PathSegment::Wildcard, _) => matches.push(Match { name, value: Json::Null }),
        (PathSegment::Name(member), mut value) => {
            let inner = value.take(&format!("/{}", escape(member)));
            let leads_to_list = rest.first() == Some(&PathSegment::Wildcard);
            match inner {
                Some(inner) => select(inner, name, rest, matches),
                None if leads_to_list => {}
                None => matches.push(Match { name, value: Json::Null }),
            }
        }
    }
}

/// Returns the items of a list, of which a missing one is empty.
fn flatten(found: Match) -> Vec<UpstreamItem> {
    match found.value {
        Json::Array(items) => items.into_iter().map(UpstreamItem::from).collect(),
        Json::Null => Vec::new(),
        _ => vec![item(found)],
    }
}

fn item(found: Match) -> UpstreamItem {
    UpstreamItem { name: found.name, content: Ok(found.value) }
}

/// Returns the pointer of names.
fn pointer_of(segments: &[PathSegment]) -> String {
    let token = |segment: &PathSegment| match segment {
        PathSegment::Name(name) => format!("/{}", escape(name)),
        PathSegment::Wildcard => "/*".to_owned(),
    };
    segments.iter().map(token).collect()
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
