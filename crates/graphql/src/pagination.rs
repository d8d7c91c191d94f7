//! Page sizes and keyset cursors.

use async_graphql::Context;
use data_encoding::BASE64URL_NOPAD;

use super::failure::Failure;
use quarry_domain::{DocumentId, LoggedSearchId, PagePosition, Timestamp};
use quarry_store::Slice;

/// The page size by default.
pub(super) const DEFAULT_FIRST: usize = 10;
/// The largest page.
pub(super) const MAX_FIRST: usize = 100;
/// The most representations of one `_entities`: routers send those of a whole response at once.
pub(super) const MAX_REPRESENTATIONS: usize = 1_000;

/// The configured maximum of the page size: at most [`MAX_FIRST`].
#[derive(Clone, Copy, Debug)]
pub(super) struct MaxPageSize(pub(super) usize);

/// Reads `first`. 0 is valid: it requests counts only.
pub(super) fn page_size(ctx: &Context<'_>, first: Option<i32>) -> Result<usize, Failure> {
    page_size_within(ctx, first, DEFAULT_FIRST, MAX_FIRST)
}

/// The items that pages by number reach.
const MAX_NUMBERED: usize = 10_000;

/// Reads `first` with bounds other than those of [`page_size`].
pub(super) fn page_size_within(
    ctx: &Context<'_>,
    first: Option<i32>,
    default: usize,
    max: usize,
) -> Result<usize, Failure> {
    checked("first", first, default, max_page_size(ctx, max))
}

/// Returns the number of items before a page, whose number excludes a cursor.
pub(super) fn page_offset(page: Option<i32>, first: usize, has_cursor: bool) -> Result<usize, Failure> {
    let Some(page) = page else { return Ok(0) };
    if has_cursor {
        return Err(Failure::bad_input("page", "and `after` exclude each other: send one of them"));
    }
    let before = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
    let Some(before) = before else {
        return Err(Failure::bad_input("page", format_args!("must be 1 or more, but is {page}")));
    };
    let offset = before.saturating_mul(first);
    if offset.saturating_add(first) > MAX_NUMBERED {
        let problem = format_args!(
            "reaches beyond the first {MAX_NUMBERED} documents: page on with `after`, or narrow the search"
        );
        return Err(Failure::bad_input("page", problem));
    }
    Ok(offset)
}

fn max_page_size(ctx: &Context<'_>, max: usize) -> usize {
    ctx.data_opt::<MaxPageSize>().map_or(max, |configured| max.min(configured.0))
}

fn checked(argument: &str, size: Option<i32>, default: usize, max: usize) -> Result<usize, Failure> {
    let Some(given) = size else { return Ok(default.min(max)) };
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

/// A requested page of a connection: items between two cursors, counted from either end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageSelection<P> {
    page: Slice<P>,
    counts: CountArgument,
}

/// The argument that counts the items of a page.
#[derive(Debug, PartialEq, Eq)]
enum CountArgument {
    First,
    Last,
    /// Neither: the first items, in the default number.
    Default,
}

impl<P: Copy> PageSelection<P> {
    /// Reads the arguments.
    pub(super) fn of(ctx: &Context<'_>, arguments: PageArguments) -> Result<Self, Failure>
    where
        P: CursorPosition,
    {
        Self::within(max_page_size(ctx, MAX_FIRST), arguments, decode_cursor)
    }

    fn within(
        max: usize,
        arguments: PageArguments,
        parse: impl Fn(&str) -> Option<P>,
    ) -> Result<Self, Failure> {
        let PageArguments { first, after, last, before } = arguments;
        if first.is_some() && last.is_some() {
            return Err(Failure::bad_input("last", "cannot be combined with first: send one of them"));
        }
        let counts = match (first, last) {
            (Some(_), _) => CountArgument::First,
            (None, Some(_)) => CountArgument::Last,
            (None, None) => CountArgument::Default,
        };
        let argument = if counts == CountArgument::Last { "last" } else { "first" };
        let size = checked(argument, first.or(last), DEFAULT_FIRST, max)?;
        let position = |argument, cursor: Option<String>| {
            let problem = "is not a cursor of this list: pass an edge's cursor unchanged";
            cursor
                .map(|cursor| parse(&cursor).ok_or_else(|| Failure::bad_input(argument, problem)))
                .transpose()
        };
        let page = Slice {
            after: position("after", after)?,
            before: position("before", before)?,
            limit: size as u64,
            from_end: counts == CountArgument::Last,
        };
        Ok(Self { page, counts })
    }

    /// The slice to read: one item longer than the page, to detect a continuation.
    pub(super) fn slice(&self) -> Slice<P> {
        Slice { limit: self.page.limit + 1, ..self.page }
    }

    /// Cuts the page from the items of the slice.
    ///
    /// By Relay's specification, whether there are items beyond the page is known exactly in the direction of counting;
    /// in the other one, a given cursor implies that there are.
    pub(super) fn cut<T>(&self, mut items: Vec<T>) -> ConnectionPage<T> {
        let continues = items.len() as u64 > self.page.limit;
        if continues && self.page.from_end {
            items.remove(0);
        } else if continues {
            items.pop();
        }
        let (has_after, has_before) = (self.page.after.is_some(), self.page.before.is_some());
        let (has_previous, has_next) = match self.counts {
            CountArgument::First => (has_after, continues),
            CountArgument::Last => (continues, has_before),
            CountArgument::Default => (has_after, continues || has_before),
        };
        ConnectionPage { items, has_previous, has_next }
    }
}

/// A page of items and its position.
#[derive(Clone, Debug)]
pub(super) struct ConnectionPage<T> {
    pub(super) items: Vec<T>,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
}

/// A position in a list, which cursors encode.
pub(super) trait CursorPosition: Copy {
    /// The name of the list, which its cursors contain, so that other lists reject them.
    const LIST: &'static str;

    fn format(self) -> String;

    fn parse(position: &str) -> Option<Self>;
}

/// The cursor of a position.
pub(super) fn encode_cursor<P: CursorPosition>(position: P) -> String {
    BASE64URL_NOPAD.encode(format!("{}:{}", P::LIST, position.format()).as_bytes())
}

fn decode_cursor<P: CursorPosition>(cursor: &str) -> Option<P> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    P::parse(text.strip_prefix(P::LIST)?.strip_prefix(':')?)
}

/// A position in an author's documents, newest first.
impl CursorPosition for (Option<Timestamp>, DocumentId) {
    const LIST: &'static str = "documents";

    fn format(self) -> String {
        let micros = self.0.map(|at| at.timestamp_micros().to_string()).unwrap_or_default();
        format!("{micros} {}", self.1.0.simple())
    }

    fn parse(position: &str) -> Option<Self> {
        let (micros, id) = position.split_once(' ')?;
        let published_at = match micros {
            "" => None,
            micros => Some(Timestamp::from_timestamp_micros(micros.parse().ok()?)?),
        };
        Some((published_at, DocumentId(id.parse().ok()?)))
    }
}

/// A position in the search log, newest first.
impl CursorPosition for (Timestamp, LoggedSearchId) {
    const LIST: &'static str = "searches";

    fn format(self) -> String {
        format!("{} {}", self.0.timestamp_micros(), self.1.0.simple())
    }

    fn parse(position: &str) -> Option<Self> {
        let (micros, id) = position.split_once(' ')?;
        let last_keystroke_at = Timestamp::from_timestamp_micros(micros.parse().ok()?)?;
        Some((last_keystroke_at, LoggedSearchId(id.parse().ok()?)))
    }
}

impl CursorPosition for PagePosition {
    const LIST: &'static str = "pages";

    fn format(self) -> String {
        self.0.to_string()
    }

    fn parse(position: &str) -> Option<Self> {
        position.parse().ok().map(Self)
    }
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
    ) -> Result<PageSelection<i64>, String> {
        let [after, before] = [after, before].map(|cursor| cursor.map(|number| number.to_string()));
        let arguments = PageArguments { first, after, last, before };
        PageSelection::within(5, arguments, |cursor| cursor.parse().ok())
            .map_err(|failure| failure.to_string())
    }

    /// The page of a list of the numbers from 0 to 9.
    fn page(request: &PageSelection<i64>) -> (Vec<i64>, bool, bool) {
        let Slice { after, before, limit, from_end } = request.slice();
        let limit = usize::try_from(limit).unwrap();
        let items = after.map_or(0, |after| after + 1)..before.unwrap_or(10);
        let items = match from_end {
            true => items.clone().skip(items.count().saturating_sub(limit)).collect(),
            false => items.take(limit).collect(),
        };
        let ConnectionPage { items, has_previous, has_next } = request.cut(items);
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
            // Neither: the first items.
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
    fn errors_begin_with_the_argument() {
        assert_eq!(
            request(Some(1), None, Some(1), None).unwrap_err(),
            "last cannot be combined with first: send one of them"
        );
        assert_eq!(request(None, None, Some(6), None).unwrap_err(), "last must be from 0 to 5, but is 6");
        let arguments = PageArguments { before: Some("x".to_owned()), ..PageArguments::default() };
        let failure = PageSelection::within(5, arguments, |cursor| cursor.parse::<i64>().ok()).unwrap_err();
        assert!(failure.to_string().starts_with("before is not a cursor of this list"), "{failure}");
    }

    #[test]
    fn cursors_are_read_back_by_their_own_list_only() {
        let id = uuid::Uuid::from_u128(7);
        let time = Timestamp::from_timestamp_micros;
        for published_at in [None, time(-1), time(1)] {
            let position = (published_at, DocumentId(id));
            let cursor = encode_cursor(position);
            assert_eq!(decode_cursor(&cursor), Some(position));
            assert_eq!(decode_cursor::<PagePosition>(&cursor), None);
            assert_eq!(decode_cursor::<(Timestamp, LoggedSearchId)>(&cursor), None);
        }
        let position = (time(1).unwrap(), LoggedSearchId(id));
        assert_eq!(decode_cursor(&encode_cursor(position)), Some(position));
        assert_eq!(decode_cursor(&encode_cursor(PagePosition(41))), Some(PagePosition(41)));
        for garbage in ["", "!", "ü", "ZG9jdW1lbnRzOg", "cGFnZXM6eA"] {
            assert_eq!(decode_cursor::<(Option<Timestamp>, DocumentId)>(garbage), None, "{garbage}");
            assert_eq!(decode_cursor::<PagePosition>(garbage), None, "{garbage}");
        }
    }
}
