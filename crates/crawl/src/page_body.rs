//! The items, the total and the next cursor in the JSON of a page. Pure.
//!
//! Ignores the content type: the shape of the body decides.

use serde_json::Value;
use url::Url;

use super::upstream::{NextPage, Stated};
use quarry_config::{JsonPointer, Locator, Pagination, SourceConfig};

/// The parts of a page's body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PageBody {
    pub(super) items: Vec<Value>,
    pub(super) total: Stated<i64>,
    pub(super) pages: Stated<i64>,
    /// The next cursor or link in the body, not in a `Link` header.
    pub(super) next: Stated<NextPage>,
}

/// The pointers to the parts of a page's body.
#[derive(Clone, Debug)]
pub(super) struct BodyShape {
    items: JsonPointer,
    total: Option<JsonPointer>,
    pages: Option<JsonPointer>,
    next: Option<JsonPointer>,
}

impl BodyShape {
    pub(super) fn of(config: &SourceConfig) -> Self {
        let next = match &config.pagination {
            Pagination::Cursor { next, .. } => next.pointer().cloned(),
            _ => None,
        };
        let pointer = |locator: &Option<Locator>| locator.as_ref().and_then(Locator::pointer).cloned();
        Self {
            items: config.items.clone(),
            total: pointer(&config.total),
            pages: pointer(&config.pages),
            next,
        }
    }

    /// Parses a body. The error does not quote it.
    pub(super) fn read(&self, body: &[u8]) -> Result<PageBody, String> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err("empty body".to_owned());
        }
        let mut page: Value = serde_json::from_slice(body).map_err(|error| {
            if error.is_eof() { "truncated JSON".to_owned() } else { "invalid JSON".to_owned() }
        })?;
        let total = read_count(&page, self.total.as_ref())?;
        let pages = read_count(&page, self.pages.as_ref())?;
        let next = self.read_next(&page)?;
        let items = self.take_items(&mut page)?;
        Ok(PageBody { items, total, pages, next })
    }

    fn take_items(&self, page: &mut Value) -> Result<Vec<Value>, String> {
        let pointer = self.items.as_str();
        match page.pointer_mut(pointer).map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            // Several languages serialize an empty list as null.
            Some(Value::Null) if !pointer.is_empty() => Ok(Vec::new()),
            _ => Err(unexpected_shape("no array", pointer)),
        }
    }

    fn read_next(&self, page: &Value) -> Result<Stated<NextPage>, String> {
        let Some(pointer) = &self.next else { return Ok(Stated::Absent) };
        match page.pointer(pointer.as_str()) {
            None => Ok(Stated::Absent),
            Some(Value::Null | Value::Bool(false)) => Ok(Stated::Empty),
            Some(Value::String(text)) if text.is_empty() => Ok(Stated::Empty),
            Some(Value::String(text)) => Ok(Stated::Value(next_of(text))),
            Some(Value::Number(number)) => Ok(Stated::Value(NextPage::Cursor(number.to_string()))),
            Some(_) => Err(unexpected_shape("no cursor", pointer.as_str())),
        }
    }
}

fn read_count(page: &Value, pointer: Option<&JsonPointer>) -> Result<Stated<i64>, String> {
    let Some(pointer) = pointer else { return Ok(Stated::Absent) };
    let count = match page.pointer(pointer.as_str()) {
        None => return Ok(Stated::Absent),
        Some(Value::Null) => return Ok(Stated::Empty),
        Some(Value::Number(number)) => number.as_i64().or_else(|| integer(number.as_f64()?)),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    match count {
        Some(count) if count >= 0 => Ok(Stated::Value(count)),
        _ => Err(unexpected_shape("no number", pointer.as_str())),
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

fn integer(number: f64) -> Option<i64> {
    // Beyond 2^53 a float does not represent every integer.
    let fits = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
    fits.then_some(number as i64)
}

fn unexpected_shape(what: &str, pointer: &str) -> String {
    if pointer.is_empty() {
        return format!("not the expected shape: {what} at the top");
    }
    format!("not the expected shape: {what} at {pointer}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::pointer;

    fn shape() -> BodyShape {
        BodyShape {
            items: pointer("/data/items"),
            total: Some(pointer("/total")),
            pages: None,
            next: Some(pointer("/next")),
        }
    }

    fn read(body: &str) -> Result<(usize, Option<i64>, Option<NextPage>), String> {
        shape().read(body.as_bytes()).map(|page| (page.items.len(), page.total.value(), page.next.value()))
    }

    #[test]
    fn items_total_and_next_are_parsed() {
        let cursor = |text: &str| Some(NextPage::Cursor(text.to_owned()));
        for (body, expected) in [
            (r#"{"data":{"items":[1,2]},"total":7,"next":"c"}"#, (2, Some(7), cursor("c"))),
            (r#"{"data":{"items":[]},"total":"7","next":null}"#, (0, Some(7), None)),
            (r#"{"data":{"items":null},"total":7.0,"next":""}"#, (0, Some(7), None)),
            (r#"{"data":{"items":[]},"total":null,"next":12}"#, (0, None, cursor("12"))),
            (r#"{"data":{"items":[]},"next":false}"#, (0, None, None)),
            ("\u{feff}{\"data\":{\"items\":[]}}", (0, None, None)),
        ] {
            assert_eq!(read(body), Ok(expected), "{body}");
        }
        let link = NextPage::Link(Url::parse("https://h/m?p=2").expect("a URL"));
        assert_eq!(read(r#"{"data":{"items":[]},"next":"https://h/m?p=2"}"#), Ok((0, None, Some(link))));
    }

    #[test]
    fn errors_name_the_missing_part_of_a_body() {
        for (body, expected) in [
            ("", "empty body"),
            (" \n", "empty body"),
            (r#"{"data":{"items":[{"#, "truncated JSON"),
            ("<html>", "invalid JSON"),
            (r#"{"error":"no"}"#, "not the expected shape: no array at /data/items"),
            (r#"{"data":{"items":{}}}"#, "not the expected shape: no array at /data/items"),
            (r#"{"data":{"items":[]},"total":"many"}"#, "not the expected shape: no number at /total"),
            (r#"{"data":{"items":[]},"total":-1}"#, "not the expected shape: no number at /total"),
            (r#"{"data":{"items":[]},"next":{}}"#, "not the expected shape: no cursor at /next"),
        ] {
            assert_eq!(read(body), Err(expected.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_page_may_be_the_array_itself() {
        let shape = BodyShape { items: pointer(""), total: None, pages: None, next: None };
        assert_eq!(shape.read(b"[1]").map(|page| page.items.len()), Ok(1));
        assert_eq!(shape.read(b"null"), Err("not the expected shape: no array at the top".to_owned()));
    }
}
