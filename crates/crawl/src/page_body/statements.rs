//! Statements of a body about the whole list: its total, its next page, and the existence of others.

use url::Url;

use super::unexpected_shape;
use crate::inspect::{is_flag_of_more, normalized};
use crate::json::Json;
use crate::upstream::{NextPage, Stated};
use quarry_config::{JsonPointer, Locator, Pagination, SourceConfig, StopValue};

/// Objects at the top of a page that contain such a flag.
const PAGING_OBJECTS: [&str; 8] =
    ["/pagination", "/paging", "/page_info", "/pageInfo", "/page", "/meta", "/metadata", "/properties"];
/// Texts in place of a cursor that mean "none".
const NO_CURSORS: [&str; 7] = ["0", "-1", "null", "none", "nil", "undefined", "false"];
/// Characters between the thousands of a number.
const GROUP_MARKS: [char; 6] = [',', ' ', '\'', '_', '\u{a0}', '\u{202f}'];

/// The pointers to statements.
#[derive(Clone, Debug)]
pub(super) struct Statements {
    pub(super) total: Option<JsonPointer>,
    pub(super) pages: Option<JsonPointer>,
    pub(super) next: Option<JsonPointer>,
    pub(super) stop: Option<(JsonPointer, StopValue)>,
    /// The cursor may be an array or an object, as a member of the body.
    pub(super) takes_json: bool,
}

impl Statements {
    pub(super) fn of(config: &SourceConfig) -> Self {
        let next = match &config.pagination {
            Pagination::Cursor { next, .. } => next.pointer().cloned(),
            _ => None,
        };
        let pointer = |locator: &Option<Locator>| locator.as_ref().and_then(Locator::pointer).cloned();
        let stop = config.stop.as_ref().and_then(|stop| Some((stop.when.clone()?, stop.equals.clone())));
        let takes_json = matches!(&config.pagination, Pagination::Cursor { cursor, cursor_format, .. }
            if cursor.starts_with('/') && cursor_format == "{}");
        Self { total: pointer(&config.total), pages: pointer(&config.pages), next, stop, takes_json }
    }

    /// Reads the total; a negative one stands for an unknown one.
    pub(super) fn total(&self, page: &Json) -> Result<Stated<i64>, String> {
        Self::count(page, self.total.as_ref())
    }

    /// Reads the number of pages.
    pub(super) fn pages(&self, page: &Json) -> Result<Stated<i64>, String> {
        Self::count(page, self.pages.as_ref())
    }

    fn count(page: &Json, pointer: Option<&JsonPointer>) -> Result<Stated<i64>, String> {
        let Some(pointer) = pointer else { return Ok(Stated::Absent) };
        let Some(value) = page.pointer(pointer.as_str()) else { return Ok(Stated::Absent) };
        // Elasticsearch states `{"value": 10000, "relation": "gte"}`.
        let value = value.get("value").unwrap_or(value);
        let total = match value {
            Json::Null => return Ok(Stated::Empty),
            Json::String(text) if text.trim().is_empty() => return Ok(Stated::Empty),
            Json::Number(digits) => integer(digits),
            Json::String(text) => integer(text.trim()).or_else(|| grouped_integer(text.trim())),
            _ => None,
        };
        match total {
            Some(total @ 0..) => Ok(Stated::Value(total)),
            Some(_) => Ok(Stated::Empty),
            None => Err(unexpected_shape("no number", pointer.as_str())),
        }
    }

    /// Reads the next cursor or link.
    pub(super) fn next(&self, page: &Json) -> Result<Stated<NextPage>, String> {
        let Some(pointer) = &self.next else { return Ok(Stated::Absent) };
        match page.pointer_by_relation(pointer.as_str()) {
            None => Ok(Stated::Absent),
            Some(Json::String(text)) if is_no_cursor(text) => Ok(Stated::Empty),
            Some(Json::Number(digits)) if is_no_cursor(digits) => Ok(Stated::Empty),
            Some(value) if value.is_empty() => Ok(Stated::Empty),
            Some(Json::String(text)) => Ok(Stated::Value(next_of(text))),
            Some(Json::Number(digits)) => Ok(Stated::Value(NextPage::Cursor(digits.clone()))),
            Some(value) => {
                let cursor = json_cursor(value).filter(|_| self.takes_json).map(Stated::Value);
                cursor.ok_or_else(|| unexpected_shape("no cursor", pointer.as_str()))
            }
        }
    }

    /// Reads the flag for other pages, beside the configured members or at the top.
    ///
    /// Flags that contradict each other state nothing. A configured member decides alone.
    pub(super) fn has_more(&self, page: &Json, items_parent: Option<&str>) -> Option<bool> {
        if let Some((pointer, end)) = &self.stop {
            return page.pointer(pointer.as_str()).map(|value| !is_stop(value, end));
        }
        let parents =
            [&self.next, &self.total].into_iter().flatten().filter_map(|pointer| parent(pointer.as_str()));
        let mut flags = parents.chain([""]).chain(items_parent).chain(PAGING_OBJECTS).flat_map(|pointer| {
            let members = page.pointer(pointer).and_then(Json::as_object);
            members.into_iter().flatten().filter_map(|(name, value)| match value {
                Json::Bool(flag) if is_flag_of_more(&normalized(name)) => Some(*flag),
                _ => None,
            })
        });
        let first = flags.next()?;
        flags.all(|flag| flag == first).then_some(first)
    }
}

/// Returns the cursor that an array or an object is, unless a number of it has more digits than requests keep.
pub(super) fn json_cursor(value: &Json) -> Option<NextPage> {
    matches!(value, Json::Array(_) | Json::Object(_))
        .then(|| value.to_string())
        .filter(|_| is_exact(value))
        .map(NextPage::Json)
}

fn is_exact(value: &Json) -> bool {
    match value {
        Json::Number(digits) => {
            digits.parse::<serde_json::Number>().is_ok_and(|number| number.to_string() == *digits)
        }
        Json::Array(elements) => elements.iter().all(is_exact),
        Json::Object(members) => members.values().all(is_exact),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}

fn parent(pointer: &str) -> Option<&str> {
    pointer.rsplit_once('/').map(|(parent, _)| parent)
}

fn is_no_cursor(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || NO_CURSORS.iter().any(|none| text.eq_ignore_ascii_case(none))
}

/// Returns true if a member has the configured value.
fn is_stop(value: &Json, end: &StopValue) -> bool {
    match (value, end) {
        (Json::Bool(value), StopValue::Bool(end)) => value == end,
        (Json::Number(digits), StopValue::Integer(end)) => integer(digits) == Some(*end),
        (Json::String(text), StopValue::Text(end)) => text == end,
        // Some upstreams write flags and numbers as text.
        (Json::String(text), StopValue::Bool(end)) => text.trim().eq_ignore_ascii_case(&end.to_string()),
        (Json::String(text), StopValue::Integer(end)) => text.trim() == end.to_string(),
        _ => false,
    }
}

/// Returns a link for a URL, and a cursor for another text.
fn next_of(text: &str) -> NextPage {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    match Url::parse(text) {
        Ok(url) if is_url => NextPage::Link(url),
        _ => NextPage::Cursor(text.to_owned()),
    }
}

/// Parses a whole number, also in the spelling of a float.
fn integer(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    // Beyond 2^53 a float does not represent every integer.
    let fits = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
    fits.then_some(number as i64)
}

/// Parses digits with a mark between thousands: `1,025`.
fn grouped_integer(text: &str) -> Option<i64> {
    let mark = text.chars().find(|char| GROUP_MARKS.contains(char))?;
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        is_digits(first) && first.len() <= 3 && groups.all(|group| group.len() == 3 && is_digits(group));
    if fits { text.replace(mark, "").parse().ok() } else { None }
}
