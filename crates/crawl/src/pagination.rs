//! Where pages are: the address of a page, and the place of the page after it. Pure.

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use super::upstream::Next;
use quarry_config::Pagination;

/// Where a page is, as the crawl's cursor keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// The first page, of whatever kind of paging.
    First,
    /// After so many items.
    Offset(u64),
    /// By its number.
    Page(u64),
    /// By the cursor that the page before it gave.
    Cursor(String),
    /// By the address that the page before it gave.
    Link(Url),
}

impl Place {
    /// The place in words, for an error that names the page.
    pub(super) fn describe(&self, pagination: &Pagination) -> String {
        match (self, pagination) {
            (Place::First, _) => "the first".to_owned(),
            (Place::Offset(offset), Pagination::Offset { offset: name, .. }) => format!("{name}={offset}"),
            (Place::Page(page), Pagination::Page { page: name, .. }) => format!("{name}={page}"),
            (Place::Offset(number), _) | (Place::Page(number), _) => number.to_string(),
            // Cursors and links are long and opaque, and may hold credentials.
            (Place::Cursor(_), _) => "by cursor".to_owned(),
            (Place::Link(_), _) => "by link".to_owned(),
        }
    }
}

/// The address of a page. Parameters that the source's address already has are kept, save
/// those that paging sets. A link is taken as the upstream gave it.
pub(super) fn page_url(base: &Url, pagination: &Pagination, place: &Place) -> Url {
    if let Place::Link(url) = place {
        return url.clone();
    }
    let mut url = base.clone();
    match pagination {
        Pagination::Offset { offset, limit, size } => {
            let start = if let Place::Offset(start) = place { *start } else { 0 };
            set_param(&mut url, offset, &start.to_string());
            set_param(&mut url, limit, &size.to_string());
        }
        Pagination::Page { page, limit, size, first } => {
            let number = if let Place::Page(number) = place { *number } else { u64::from(*first) };
            set_param(&mut url, page, &number.to_string());
            set_param(&mut url, limit, &size.to_string());
        }
        Pagination::Cursor { cursor, limit, size, .. } => {
            set_param(&mut url, limit, &size.to_string());
            if let Place::Cursor(value) = place {
                set_param(&mut url, cursor, value);
            }
        }
        Pagination::Link { limit, size } => set_param(&mut url, limit, &size.to_string()),
    }
    url
}

/// The parameters that [`page_url`] sets.
pub(super) fn paging_params(pagination: &Pagination) -> impl Iterator<Item = &str> {
    let (place, limit) = match pagination {
        Pagination::Offset { offset, limit, .. } => (Some(offset), limit),
        Pagination::Page { page, limit, .. } => (Some(page), limit),
        Pagination::Cursor { cursor, limit, .. } => (Some(cursor), limit),
        Pagination::Link { limit, .. } => (None, limit),
    };
    place.into_iter().chain([limit]).map(String::as_str).filter(|name| !name.is_empty())
}

/// Puts those parameters of one address into another that `is_kept`, spelled as they are.
pub(super) fn retain_params(from: &Url, to: &mut Url, is_kept: impl Fn(&str) -> bool) {
    let is_kept =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| is_kept(&name));
    let pairs: Vec<&str> = from.query().unwrap_or_default().split('&').filter(is_kept).collect();
    to.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
}

/// Sets one parameter, and leaves the spelling of every other one alone.
fn set_param(url: &mut Url, name: &str, value: &str) {
    if name.is_empty() {
        return;
    }
    let is_other =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(other, _)| other != name);
    let mut pairs: Vec<String> =
        url.query().unwrap_or_default().split('&').filter(is_other).map(str::to_owned).collect();
    pairs.push(form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
    url.set_query(Some(&pairs.join("&")));
}

/// What the end of a sweep depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progression {
    /// Items that this page brought.
    pub items: u64,
    /// Items that this sweep brought before it.
    pub received: u64,
    /// The total that the upstream states.
    pub total: Option<i64>,
}

/// The place of the page after `place`; none at the end of the sweep.
///
/// Offsets advance by the items received, not by those asked for: servers cap page sizes. A
/// short page is no end; the stated total is, or an empty page.
pub(super) fn place_after(
    pagination: &Pagination,
    place: &Place,
    page: Progression,
    next: Option<&Next>,
) -> Option<Place> {
    let received = page.received.saturating_add(page.items);
    let is_last =
        page.items == 0 || page.total.is_some_and(|total| received >= u64::try_from(total).unwrap_or(0));
    match pagination {
        Pagination::Offset { .. } if is_last => None,
        Pagination::Offset { .. } => Some(Place::Offset(received)),
        Pagination::Page { .. } if is_last => None,
        Pagination::Page { first, .. } => {
            let number = if let Place::Page(number) = place { *number } else { u64::from(*first) };
            Some(Place::Page(number.saturating_add(1)))
        }
        Pagination::Cursor { .. } | Pagination::Link { .. } => next.map(|next| match next {
            Next::Cursor(cursor) => Place::Cursor(cursor.clone()),
            Next::Link(url) => Place::Link(url.clone()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quarry_config::JsonPointer;

    fn offset() -> Pagination {
        Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 100 }
    }

    fn by_page() -> Pagination {
        Pagination::Page { page: "page".into(), limit: "per_page".into(), size: 50, first: 1 }
    }

    fn by_cursor() -> Pagination {
        let next = JsonPointer::parse("/next").expect("a pointer");
        Pagination::Cursor { cursor: "after".into(), limit: "limit".into(), size: 10, next }
    }

    fn url_of(base: &str, pagination: &Pagination, place: &Place) -> String {
        page_url(&Url::parse(base).expect("a URL"), pagination, place).to_string()
    }

    fn step(items: u64, received: u64, total: Option<i64>) -> Progression {
        Progression { items, received, total }
    }

    #[test]
    fn each_kind_spells_its_parameters() {
        let link = Pagination::Link { limit: "limit".into(), size: 7 };
        for (pagination, place, expected) in [
            (offset(), Place::First, "http://h/m?skip=0&limit=100"),
            (offset(), Place::Offset(40), "http://h/m?skip=40&limit=100"),
            (by_page(), Place::First, "http://h/m?page=1&per_page=50"),
            (by_page(), Place::Page(3), "http://h/m?page=3&per_page=50"),
            (by_cursor(), Place::First, "http://h/m?limit=10"),
            (
                by_cursor(),
                Place::Cursor("a b/+=é&".into()),
                "http://h/m?limit=10&after=a+b%2F%2B%3D%C3%A9%26",
            ),
            (link.clone(), Place::First, "http://h/m?limit=7"),
            (link, Place::Link(Url::parse("http://h/other?x=1").expect("a URL")), "http://h/other?x=1"),
        ] {
            assert_eq!(url_of("http://h/m", &pagination, &place), expected);
        }
    }

    #[test]
    fn the_addresss_own_query_is_kept_and_paging_parameters_replaced() {
        let url = url_of("http://h/m?tag=a%20b&skip=9&q=x+y&limit=1&limit=2", &offset(), &Place::Offset(5));
        assert_eq!(url, "http://h/m?tag=a%20b&q=x+y&skip=5&limit=100");
    }

    #[test]
    fn a_parameter_without_a_name_is_not_sent() {
        let pagination = Pagination::Offset { offset: "skip".into(), limit: String::new(), size: 100 };
        assert_eq!(url_of("http://h/m", &pagination, &Place::First), "http://h/m?skip=0");
    }

    #[test]
    fn offsets_advance_by_what_came_and_end_at_the_total_or_an_empty_page() {
        let after = |page| place_after(&offset(), &Place::First, page, None);
        assert_eq!(after(step(30, 0, Some(100))), Some(Place::Offset(30)), "a capped page is no end");
        assert_eq!(after(step(30, 60, Some(100))), Some(Place::Offset(90)));
        assert_eq!(after(step(10, 90, Some(100))), None);
        assert_eq!(after(step(1, 90, None)), Some(Place::Offset(91)));
        assert_eq!(after(step(0, 91, None)), None);
    }

    #[test]
    fn pages_are_numbered_on_until_the_total_was_received() {
        let after = |place, page| place_after(&by_page(), &place, page, None);
        assert_eq!(after(Place::First, step(20, 0, Some(60))), Some(Place::Page(2)));
        assert_eq!(after(Place::Page(2), step(20, 20, Some(60))), Some(Place::Page(3)));
        assert_eq!(after(Place::Page(3), step(20, 40, Some(60))), None);
        assert_eq!(after(Place::Page(9), step(0, 400, None)), None);
    }

    #[test]
    fn cursors_and_links_end_where_no_next_is_given() {
        let next = Next::Cursor("c2".into());
        let page = step(10, 0, Some(10));
        assert_eq!(
            place_after(&by_cursor(), &Place::First, page, Some(&next)),
            Some(Place::Cursor("c2".into())),
            "the total does not end what says that it goes on"
        );
        assert_eq!(place_after(&by_cursor(), &Place::First, page, None), None);
    }
}
