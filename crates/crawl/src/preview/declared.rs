//! The declared attributes of previewed items.

use crate::json::Json;
use quarry_config::{AttributeConfig, PathSegment};

/// The declared attributes, each with the number of items that have a value.
pub(super) struct DeclaredAttributes<'a> {
    found: Vec<(&'a AttributeConfig, usize)>,
}

impl<'a> DeclaredAttributes<'a> {
    pub(super) fn new(declared: &'a [AttributeConfig]) -> Self {
        Self { found: declared.iter().map(|attribute| (attribute, 0)).collect() }
    }

    /// Adds the attributes of a document.
    pub(super) fn add(&mut self, attributes: &Json) {
        for (attribute, found) in &mut self.found {
            *found += usize::from(has_value(attributes, &attribute.segments()));
        }
    }

    /// Describes the attributes that no item has, for items with these members.
    pub(super) fn problems(&self, members: &str) -> Vec<String> {
        let missing = self.found.iter().filter(|(_, found)| *found == 0);
        let problem = |(attribute, _): &(&AttributeConfig, usize)| {
            format!(
                "no item has the attribute {:?} at {:?}: attributes have the members {members}; set its pointer",
                attribute.name,
                attribute.path()
            )
        };
        missing.map(problem).collect()
    }
}

/// Returns true if a value other than null is at a path.
fn has_value(value: &Json, path: &[PathSegment]) -> bool {
    let Some((segment, rest)) = path.split_first() else { return !matches!(value, Json::Null) };
    match (segment, value) {
        (PathSegment::Wildcard, Json::Array(values)) => values.iter().any(|value| has_value(value, rest)),
        (PathSegment::Wildcard, Json::Object(members)) => {
            members.values().any(|value| has_value(value, rest))
        }
        (PathSegment::Name(name), Json::Object(members)) => {
            members.get(name).is_some_and(|value| has_value(value, rest))
        }
        (PathSegment::Name(index), Json::Array(values)) => {
            let value = index.parse::<usize>().ok().and_then(|index| values.get(index));
            value.is_some_and(|value| has_value(value, rest))
        }
        _ => false,
    }
}
