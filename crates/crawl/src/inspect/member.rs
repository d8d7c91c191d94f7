//! The scalar members of items, with their values.

use std::collections::{BTreeMap, HashSet};

use super::names::{normalized, rank};
use super::pointer::child;
use super::vocabulary::{INNER, TITLES, WRAPPERS};
use crate::dates::parse_date;
use crate::json::Json;

/// The deepest level of a member: `/properties/Name/title/0/plain_text` of Notion.
const MAX_DEPTH: usize = 5;

/// A member of items and its values.
pub(super) struct Member<'a> {
    pub(super) pointer: String,
    /// The names on its path, without those of an inner value such as `rendered` in `{"title": {"rendered": …}}`.
    pub(super) path: Vec<&'a str>,
    /// It is an element of an array.
    pub(super) is_element: bool,
    pub(super) values: Vec<&'a Json>,
}

impl Member<'_> {
    /// Returns its name, normalized; that of the object around it for `{"rendered": …}`.
    pub(super) fn name(&self) -> String {
        self.path.last().map(|name| normalized(name)).unwrap_or_default()
    }

    /// Returns true if it is a member of the item, or of an object that contains the item's fields.
    pub(super) fn is_own(&self) -> bool {
        self.path[..self.path.len() - 1].iter().all(|name| is_wrapper(name))
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

    /// Returns true for short texts without blanks, none of which is an address, a date or plain prose.
    pub(super) fn is_identifier(&self) -> bool {
        let is_code = |text: &str| {
            text.len() <= 64
                && !text.contains(char::is_whitespace)
                && (text.bytes().any(|byte| byte.is_ascii_digit() || b"-_:".contains(&byte))
                    || text.bytes().all(|byte| byte.is_ascii_uppercase()))
        };
        !self.is_date() && self.values.iter().all(|value| value.as_str().is_some_and(is_code))
    }

    pub(super) fn is_only_dates(&self) -> bool {
        self.values.iter().all(|value| is_date(value))
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
        collect(item, &Place::default(), &mut found);
    }
    let mut members: Vec<Member<'a>> = found.into_values().collect();
    members.sort_by_key(|member| member.path.len());
    members
}

fn collect<'a>(value: &'a Json, at: &Place<'a>, found: &mut BTreeMap<String, Member<'a>>) {
    match value {
        Json::Object(members) if at.depth < MAX_DEPTH => {
            // Notion: `"Notes": {"type": "rich_text", "rich_text": …}`.
            let typed = members.get("type").and_then(Json::as_str);
            for (name, value) in members {
                collect(value, &at.member(name, typed == Some(name)), found);
            }
        }
        Json::Array(elements) if at.depth < MAX_DEPTH && !at.path.is_empty() => match elements.first() {
            Some(Json::Array(_)) | None => {}
            Some(first) => {
                // A list of texts, or of runs of one text, is a value; a list of other objects has its own items.
                let is_value = first.as_object().is_none_or(|run| run.contains_key("plain_text"));
                let path = if is_value { at.path.clone() } else { [&at.path[..], &["0"]].concat() };
                collect(first, &Place { is_element: true, ..at.at("0", path) }, found);
            }
        },
        Json::Null | Json::Array(_) | Json::Object(_) => {}
        Json::String(text) if text.trim().is_empty() => {}
        _ if at.path.is_empty() => {}
        _ => {
            let new = || Member {
                pointer: at.pointer.clone(),
                path: at.path.clone(),
                is_element: at.is_element,
                values: Vec::new(),
            };
            found.entry(at.pointer.clone()).or_insert_with(new).values.push(value);
        }
    }
}

/// The place of a value in an item.
#[derive(Default)]
struct Place<'a> {
    pointer: String,
    path: Vec<&'a str>,
    depth: usize,
    is_element: bool,
}

impl<'a> Place<'a> {
    /// Returns the place of a member; `is_typed` if a member `type` beside it has its name.
    fn member(&self, name: &'a str, is_typed: bool) -> Self {
        let is_title = rank(&normalized(name), TITLES).is_some();
        let path = match self.path.split_last() {
            // DataCite: `"titles": [{"title": …}]`.
            Some((&"0", [rest @ .., list]))
                if is_title && normalized(list).strip_suffix('s') == Some(&normalized(name)) =>
            {
                [rest, &[name]].concat()
            }
            Some((around, rest)) if is_typed && is_title && !is_wrapper(around) => [rest, &[name]].concat(),
            Some((around, _))
                if name.starts_with('$') || !is_wrapper(around) && (is_typed || is_inner(name)) =>
            {
                self.path.clone()
            }
            _ => [&self.path[..], &[name]].concat(),
        };
        self.at(name, path)
    }

    fn at(&self, name: &str, path: Vec<&'a str>) -> Self {
        let (pointer, depth) = (child(&self.pointer, name), self.depth + 1);
        Self { pointer, path, depth, is_element: self.is_element }
    }
}

/// Returns true for the name of the plain value of an object: `rendered`, or `en-US` of Contentful.
fn is_inner(name: &str) -> bool {
    let is_locale = matches!(name.as_bytes(), [a, b, b'-' | b'_', c, d]
        if [a, b].iter().all(|byte| byte.is_ascii_lowercase()) && [c, d].iter().all(|byte| byte.is_ascii_uppercase()));
    rank(&normalized(name), INNER).is_some() || is_locale
}

/// Returns the member of the lowest rank, then of the least depth; members without a rank are left out.
pub(super) fn first_ranked<'m, 'a: 'm>(
    members: impl Iterator<Item = &'m Member<'a>>,
    rank_of: impl Fn(&Member<'a>) -> Option<usize>,
) -> Option<&'m Member<'a>> {
    let ranked = members.filter_map(|member| Some(((rank_of(member)?, member.path.len()), member)));
    ranked.min_by_key(|(order, _)| *order).map(|(_, member)| member)
}

pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
