//! Page sizes and keyset cursors.

use async_graphql::Context;
use data_encoding::BASE64URL_NOPAD;

use super::error::Failure;
use quarry_domain::{Document, DocumentId, LoggedSearch, LoggedSearchId, PagePosition, Timestamp};

/// The page size where none is given.
pub(super) const DEFAULT_FIRST: usize = 10;
/// The largest page.
pub(super) const MAX_FIRST: usize = 100;

/// The largest page that this server gives: at most [`MAX_FIRST`].
#[derive(Clone, Copy, Debug)]
pub(super) struct LargestPage(pub(super) usize);

/// Reads `first`. 0 is fine: it asks for counts only.
pub(super) fn page_size(ctx: &Context<'_>, first: Option<i32>) -> Result<usize, Failure> {
    page_size_within(ctx, first, DEFAULT_FIRST, MAX_FIRST)
}

/// As [`page_size`], with other bounds.
pub(super) fn page_size_within(
    ctx: &Context<'_>,
    first: Option<i32>,
    default: usize,
    max: usize,
) -> Result<usize, Failure> {
    let largest = ctx.data_opt::<LargestPage>().map_or(max, |largest| max.min(largest.0));
    checked(first, default, largest)
}

fn checked(first: Option<i32>, default: usize, max: usize) -> Result<usize, Failure> {
    let Some(first) = first else { return Ok(default.min(max)) };
    match usize::try_from(first) {
        Ok(first) if first <= max => Ok(first),
        _ => Err(Failure::bad_input("first", format_args!("must be from 0 to {max}, but is {first}"))),
    }
}

/// A page and what is known around it.
#[derive(Clone, Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
}

impl<T> Page<T> {
    /// Cuts a page of `size` out of up to `size + 1` items.
    pub(super) fn cut(mut items: Vec<T>, size: usize, has_previous: bool) -> Self {
        let has_next = items.len() > size;
        items.truncate(size);
        Self { items, has_previous, has_next }
    }
}

/// Where a list of documents, newest first, goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DocumentCursor {
    pub(super) published_at: Option<Timestamp>,
    pub(super) id: DocumentId,
}

impl DocumentCursor {
    pub(super) fn of(document: &Document) -> Self {
        Self { published_at: document.published_at, id: document.id }
    }

    pub(super) fn parse(cursor: &str) -> Result<Self, Failure> {
        let place = decode(cursor, "documents")?;
        let parsed = place.split_once(' ').and_then(|(micros, id)| {
            let published_at = match micros {
                "" => None,
                micros => Some(Timestamp::from_timestamp_micros(micros.parse().ok()?)?),
            };
            Some(Self { published_at, id: DocumentId(id.parse().ok()?) })
        });
        parsed.ok_or_else(not_a_cursor)
    }
}

impl From<DocumentCursor> for String {
    fn from(cursor: DocumentCursor) -> String {
        let micros = cursor.published_at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default();
        encode("documents", &format!("{micros} {}", cursor.id.0.simple()))
    }
}

/// Where the search log, newest first, goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SearchLogCursor {
    pub(super) last_keystroke_at: Timestamp,
    pub(super) id: LoggedSearchId,
}

impl SearchLogCursor {
    pub(super) fn of(search: &LoggedSearch) -> Self {
        Self { last_keystroke_at: search.last_keystroke_at, id: search.id }
    }

    pub(super) fn parse(cursor: &str) -> Result<Self, Failure> {
        let place = decode(cursor, "searches")?;
        let parsed = place.split_once(' ').and_then(|(micros, id)| {
            let last_keystroke_at = Timestamp::from_timestamp_micros(micros.parse().ok()?)?;
            Some(Self { last_keystroke_at, id: LoggedSearchId(id.parse().ok()?) })
        });
        parsed.ok_or_else(not_a_cursor)
    }
}

impl From<SearchLogCursor> for String {
    fn from(cursor: SearchLogCursor) -> String {
        let micros = cursor.last_keystroke_at.timestamp_micros();
        encode("searches", &format!("{micros} {}", cursor.id.0.simple()))
    }
}

pub(super) fn parse_page_cursor(cursor: &str) -> Result<PagePosition, Failure> {
    let position = decode(cursor, "pages")?.parse().map_err(|_| not_a_cursor())?;
    Ok(PagePosition(position))
}

pub(super) fn page_cursor(position: PagePosition) -> String {
    encode("pages", &position.0.to_string())
}

// The list's name is part of a cursor, so that one of another list is refused.
fn encode(list: &str, place: &str) -> String {
    BASE64URL_NOPAD.encode(format!("{list}:{place}").as_bytes())
}

fn decode(cursor: &str, list: &str) -> Result<String, Failure> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| not_a_cursor())?;
    let text = String::from_utf8(bytes).map_err(|_| not_a_cursor())?;
    let place = text.strip_prefix(list).and_then(|rest| rest.strip_prefix(':'));
    place.map(str::to_owned).ok_or_else(not_a_cursor)
}

fn not_a_cursor() -> Failure {
    Failure::bad_input("after", "is not a cursor of this list: pass an edge's cursor back unchanged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_have_limits() {
        assert_eq!(checked(None, 10, 100).unwrap(), 10);
        assert_eq!(checked(Some(0), 10, 100).unwrap(), 0);
        assert_eq!(checked(Some(100), 10, 100).unwrap(), 100);
        assert_eq!(checked(None, 10, 3).unwrap(), 3);
        for first in [-1, 101, i32::MIN, i32::MAX] {
            let message = checked(Some(first), 10, 100).unwrap_err().to_string();
            assert_eq!(message, format!("first must be from 0 to 100, but is {first}"));
        }
    }

    #[test]
    fn cursors_come_back_and_do_not_mix() {
        let id = DocumentId(uuid::Uuid::from_u128(7));
        for published_at in [None, Timestamp::from_timestamp_micros(-1), Timestamp::from_timestamp_micros(1)]
        {
            let cursor = DocumentCursor { published_at, id };
            assert_eq!(DocumentCursor::parse(&String::from(cursor)).unwrap(), cursor);
            assert!(parse_page_cursor(&String::from(cursor)).is_err());
        }
        assert_eq!(parse_page_cursor(&page_cursor(PagePosition(41))).unwrap(), PagePosition(41));
        for garbage in ["", "!", "ü", "ZG9jdW1lbnRzOg", "cGFnZXM6eA"] {
            assert!(DocumentCursor::parse(garbage).is_err(), "{garbage}");
            assert!(parse_page_cursor(garbage).is_err(), "{garbage}");
        }
    }
}
