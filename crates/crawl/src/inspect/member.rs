//! The scalar members of items, with their values.

use std::collections::{BTreeMap, HashSet};

use super::names::{normalized, rank};
use super::pointer::child;
use super::vocabulary::{INNER, WRAPPERS};
use crate::dates::parse_date;
use crate::json::Json;

/// The deepest level of a member.
const MAX_DEPTH: usize = 3;

/// A member of items and its values.
pub(super) struct Member<'a> {
    pub(super) pointer: String,
    pub(super) path: Vec<&'a str>,
    pub(super) values: Vec<&'a Json>,
}

impl Member<'_> {
    /// Returns its name, normalized; that of the object around it for `{"rendered": …}`.
    pub(super) fn name(&self) -> String {
        let own = self.path.last().map(|name| normalized(name)).unwrap_or_default();
        match self.path.len().checked_sub(2) {
            Some(parent) if rank(&own, INNER).is_some() && !self.is_wrapped() => {
                normalized(self.path[parent])
            }
            _ => own,
        }
    }

    /// Returns true if it is a member of the item, or of an object that contains the item's fields.
    pub(super) fn is_own(&self) -> bool {
        let depth = self.path.len() - 1;
        let around = &self.path[..depth];
        let own = self.path.last().map(|name| normalized(name)).unwrap_or_default();
        let inner = usize::from(depth > 0 && rank(&own, INNER).is_some());
        around[..depth - inner].iter().all(|name| is_wrapper(name))
    }

    fn is_wrapped(&self) -> bool {
        self.path.len().checked_sub(2).is_some_and(|parent| is_wrapper(self.path[parent]))
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| value.as_str())
    }

    pub(super) fn is_text(&self) -> bool {
        self.texts().count() * 2 > self.values.len()
    }

    pub(super) fn mean_length(&self) -> f64 {
        self.texts().map(|text| text.chars().count()).sum::<usize>() as f64 / self.values.len() as f64
    }

    pub(super) fn distinct(&self) -> usize {
        self.values.iter().map(|value| value.to_string()).collect::<HashSet<_>>().len()
    }

    pub(super) fn is_key_like(&self) -> bool {
        self.values.iter().all(|value| match value {
            Json::String(text) => text.chars().count() <= 300 && !text.contains('\n'),
            Json::Number(digits) => !digits.contains(['.', 'e', 'E']),
            _ => false,
        })
    }

    /// Returns true for texts such as `1767323045.000100`.
    pub(super) fn is_fraction(&self) -> bool {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_fraction = |text: &str| {
            text.split_once('.').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
        };
        self.values.iter().all(|value| value.as_str().is_some_and(is_fraction))
    }

    pub(super) fn is_date(&self) -> bool {
        self.values.iter().filter(|value| is_date(value)).count() * 2 > self.values.len()
    }
}

/// Returns true for the name of an object that contains the fields of an item, such as `node` or `volumeInfo`.
pub(super) fn is_wrapper(name: &str) -> bool {
    let name = normalized(name);
    rank(&name, WRAPPERS).is_some() || name.ends_with("info")
}

/// Returns true for a date after 1990, or the Unix time of one.
fn is_date(value: &Json) -> bool {
    let is_late = |value: &Json| parse_date(value, None).is_some_and(|at| at.timestamp() > 631_152_000);
    match value {
        Json::Number(_) => is_late(value),
        Json::String(text) => {
            text.len() >= 8
                && text.bytes().any(|byte| byte.is_ascii_digit())
                && parse_date(value, None).is_some()
        }
        _ => false,
    }
}

/// Returns the scalar members of items, the least deep first.
pub(super) fn members<'a>(items: &[&'a Json]) -> Vec<Member<'a>> {
    let mut found = BTreeMap::new();
    for item in items {
        collect(item, String::new(), &[], &mut found);
    }
    let mut members: Vec<Member<'a>> = found.into_values().collect();
    members.sort_by_key(|member| member.path.len());
    members
}

fn collect<'a>(value: &'a Json, pointer: String, path: &[&'a str], found: &mut BTreeMap<String, Member<'a>>) {
    match value {
        Json::Object(members) if path.len() < MAX_DEPTH => {
            for (name, value) in members {
                collect(value, child(&pointer, name), &[path, &[name.as_str()]].concat(), found);
            }
        }
        Json::Null | Json::Array(_) | Json::Object(_) => {}
        Json::String(text) if text.trim().is_empty() => {}
        _ if path.is_empty() => {}
        _ => {
            let member = found.entry(pointer.clone());
            let path = path.to_vec();
            member.or_insert_with(|| Member { pointer, path, values: Vec::new() }).values.push(value);
        }
    }
}

pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
