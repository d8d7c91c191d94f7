//! Page sizes and keyset cursors.

use async_graphql::Context;
use data_encoding::BASE64URL_NOPAD;

use super::error::Failure;
use quarry_domain::{Document, DocumentId, LoggedSearch, LoggedSearchId, PagePosition, Timestamp};
use quarry_store::Slice;

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
    checked("first", first, default, largest(ctx, max))
}

fn largest(ctx: &Context<'_>, max: usize) -> usize {
    ctx.data_opt::<LargestPage>().map_or(max, |largest| max.min(largest.0))
}

fn checked(argument: &str, given: Option<i32>, default: usize, max: usize) -> Result<usize, Failure> {
    let Some(given) = given else { return Ok(default.min(max)) };
    match usize::try_from(given) {
        Ok(size) if size <= max => Ok(size),
        _ => Err(Failure::bad_input(argument, format_args!("must be from 0 to {max}, but is {given}"))),
    }
}

/// The paging arguments of a connection.
#[derive(Debug, Default)]
pub(super) struct PageArguments {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

/// A page of a connection that a client requests: items between two cursors, counted from either end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageRequest<P> {
    page: Slice<P>,
    counts: Counts,
}

/// The argument that a page is counted by.
#[derive(Debug, PartialEq, Eq)]
enum Counts {
    First,
    Last,
    /// Neither is given: the first ones, as many as is usual.
    Default,
}

impl<P: Copy> PageRequest<P> {
    /// Reads the arguments; `parse` reads a cursor.
    pub(super) fn of(
        ctx: &Context<'_>,
        arguments: PageArguments,
        parse: impl Fn(&str) -> Option<P>,
    ) -> Result<Self, Failure> {
        Self::within(largest(ctx, MAX_FIRST), arguments, parse)
    }

    fn within(
        max: usize,
        arguments: PageArguments,
        parse: impl Fn(&str) -> Option<P>,
    ) -> Result<Self, Failure> {
        let PageArguments { first, after, last, before } = arguments;
        if first.is_some() && last.is_some() {
            return Err(Failure::bad_input("last", "cannot be given together with first: give one of them"));
        }
        let counts = match (first, last) {
            (Some(_), _) => Counts::First,
            (None, Some(_)) => Counts::Last,
            (None, None) => Counts::Default,
        };
        let argument = if counts == Counts::Last { "last" } else { "first" };
        let size = checked(argument, first.or(last), DEFAULT_FIRST, max)?;
        let position = |argument, cursor: Option<String>| {
            cursor.map(|cursor| parse(&cursor).ok_or_else(|| not_a_cursor(argument))).transpose()
        };
        let page = Slice {
            after: position("after", after)?,
            before: position("before", before)?,
            limit: size as u64,
            from_end: counts == Counts::Last,
        };
        Ok(Self { page, counts })
    }

    /// The slice to read: one item longer than the page, which shows that the list continues.
    pub(super) fn slice(&self) -> Slice<P> {
        Slice { limit: self.page.limit + 1, ..self.page }
    }

    /// Cuts the page out of the items of that slice.
    ///
    /// By Relay's specification, the end that is counted from knows whether the slice continues, and at the other
    /// end, a cursor shows that there are items beyond it.
    pub(super) fn cut<T>(&self, mut items: Vec<T>) -> Page<T> {
        let goes_on = items.len() as u64 > self.page.limit;
        if goes_on && self.page.from_end {
            items.remove(0);
        } else if goes_on {
            items.pop();
        }
        let (has_after, has_before) = (self.page.after.is_some(), self.page.before.is_some());
        let (has_previous, has_next) = match self.counts {
            Counts::First => (has_after, goes_on),
            Counts::Last => (goes_on, has_before),
            Counts::Default => (has_after, goes_on || has_before),
        };
        Page { items, has_previous, has_next }
    }
}

/// A page and what is known around it.
#[derive(Clone, Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
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

    pub(super) fn parse(cursor: &str) -> Option<Self> {
        let place = decode(cursor, "documents")?;
        let (micros, id) = place.split_once(' ')?;
        let published_at = match micros {
            "" => None,
            micros => Some(Timestamp::from_timestamp_micros(micros.parse().ok()?)?),
        };
        Some(Self { published_at, id: DocumentId(id.parse().ok()?) })
    }

    /// The position in an author's documents.
    pub(super) fn position(self) -> (Option<Timestamp>, DocumentId) {
        (self.published_at, self.id)
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

    pub(super) fn parse(cursor: &str) -> Option<Self> {
        let place = decode(cursor, "searches")?;
        let (micros, id) = place.split_once(' ')?;
        let last_keystroke_at = Timestamp::from_timestamp_micros(micros.parse().ok()?)?;
        Some(Self { last_keystroke_at, id: LoggedSearchId(id.parse().ok()?) })
    }

    /// The position in the search log.
    pub(super) fn position(self) -> (Timestamp, LoggedSearchId) {
        (self.last_keystroke_at, self.id)
    }
}

impl From<SearchLogCursor> for String {
    fn from(cursor: SearchLogCursor) -> String {
        let micros = cursor.last_keystroke_at.timestamp_micros();
        encode("searches", &format!("{micros} {}", cursor.id.0.simple()))
    }
}

pub(super) fn parse_page_cursor(cursor: &str) -> Option<PagePosition> {
    decode(cursor, "pages")?.parse().ok().map(PagePosition)
}

pub(super) fn page_cursor(position: PagePosition) -> String {
    encode("pages", &position.0.to_string())
}

// The list's name is part of a cursor, so that one of another list is refused.
fn encode(list: &str, place: &str) -> String {
    BASE64URL_NOPAD.encode(format!("{list}:{place}").as_bytes())
}

fn decode(cursor: &str, list: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix(list)?.strip_prefix(':').map(str::to_owned)
}

fn not_a_cursor(argument: &str) -> Failure {
    Failure::bad_input(argument, "is not a cursor of this list: pass an edge's cursor back unchanged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_have_limits() {
        assert_eq!(checked("first", None, 10, 100).unwrap(), 10);
        assert_eq!(checked("first", Some(0), 10, 100).unwrap(), 0);
        assert_eq!(checked("first", Some(100), 10, 100).unwrap(), 100);
        assert_eq!(checked("first", None, 10, 3).unwrap(), 3);
        for given in [-1, 101, i32::MIN, i32::MAX] {
            let message = checked("last", Some(given), 10, 100).unwrap_err().to_string();
            assert_eq!(message, format!("last must be from 0 to 100, but is {given}"));
        }
    }

    fn request(
        first: Option<i32>,
        after: Option<i64>,
        last: Option<i32>,
        before: Option<i64>,
    ) -> Result<PageRequest<i64>, String> {
        let [after, before] = [after, before].map(|cursor| cursor.map(|number| number.to_string()));
        let arguments = PageArguments { first, after, last, before };
        PageRequest::within(5, arguments, |cursor| cursor.parse().ok()).map_err(|failure| failure.to_string())
    }

    /// The page of a list of the numbers from 0 to 9.
    fn page(request: &PageRequest<i64>) -> (Vec<i64>, bool, bool) {
        let Slice { after, before, limit, from_end } = request.slice();
        let limit = usize::try_from(limit).unwrap();
        let items = after.map_or(0, |after| after + 1)..before.unwrap_or(10);
        let items = match from_end {
            true => items.clone().skip(items.count().saturating_sub(limit)).collect(),
            false => items.take(limit).collect(),
        };
        let Page { items, has_previous, has_next } = request.cut(items);
        (items, has_previous, has_next)
    }

    #[test]
    fn pages_are_cut_as_relay_specifies() {
        for (first, after, last, before, items, has_previous, has_next) in [
            (Some(2), None, None, None, &[0, 1][..], false, true),
            (Some(2), Some(1), None, None, &[2, 3], true, true),
            (Some(2), Some(7), None, None, &[8, 9], true, false),
            (Some(5), None, None, Some(3), &[0, 1, 2], false, false),
            (Some(2), Some(3), None, Some(7), &[4, 5], true, true),
            (None, None, Some(2), None, &[8, 9], true, false),
            (None, None, Some(2), Some(8), &[6, 7], true, true),
            (None, None, Some(5), Some(3), &[0, 1, 2], false, true),
            (None, Some(3), Some(5), Some(6), &[4, 5], false, true),
            (None, Some(3), Some(2), Some(7), &[5, 6], true, true),
            // Neither: the first ones.
            (None, None, None, None, &[0, 1, 2, 3, 4], false, true),
            (None, None, None, Some(2), &[0, 1], false, true),
            (None, Some(7), None, None, &[8, 9], true, false),
            (Some(0), None, None, None, &[], false, true),
            (None, None, Some(0), None, &[], true, false),
            (None, Some(5), Some(2), Some(2), &[], false, true),
        ] {
            let request = request(first, after, last, before).unwrap();
            assert_eq!(page(&request), (items.to_vec(), has_previous, has_next), "{request:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_page_names_its_argument() {
        assert_eq!(
            request(Some(1), None, Some(1), None).unwrap_err(),
            "last cannot be given together with first: give one of them"
        );
        assert_eq!(request(None, None, Some(6), None).unwrap_err(), "last must be from 0 to 5, but is 6");
        let arguments = PageArguments { before: Some("x".to_owned()), ..PageArguments::default() };
        let refused = PageRequest::within(5, arguments, |cursor| cursor.parse::<i64>().ok()).unwrap_err();
        assert!(refused.to_string().starts_with("before is not a cursor of this list"), "{refused}");
    }

    #[test]
    fn cursors_come_back_and_do_not_mix() {
        let id = DocumentId(uuid::Uuid::from_u128(7));
        for published_at in [None, Timestamp::from_timestamp_micros(-1), Timestamp::from_timestamp_micros(1)]
        {
            let cursor = DocumentCursor { published_at, id };
            assert_eq!(DocumentCursor::parse(&String::from(cursor)), Some(cursor));
            assert_eq!(parse_page_cursor(&String::from(cursor)), None);
        }
        assert_eq!(parse_page_cursor(&page_cursor(PagePosition(41))), Some(PagePosition(41)));
        for garbage in ["", "!", "ü", "ZG9jdW1lbnRzOg", "cGFnZXM6eA"] {
            assert_eq!(DocumentCursor::parse(garbage), None, "{garbage}");
            assert_eq!(parse_page_cursor(garbage), None, "{garbage}");
        }
    }
}
