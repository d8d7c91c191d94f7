//! Schemes of pagination that fit a response, the likeliest first.

use std::collections::HashSet;

use heck::ToLowerCamelCase;
use url::Url;

use super::scheme::{PagingGuess, cursor_toml, guess, link_toml, offset_guess, page_guess};
use crate::inspect::{Leaf, NextGuess, NextValue, ParamKind, normalized, param_kind};

/// The largest page size that a proposal takes from a response.
const MAX_SIZE: usize = 1_000;
/// The page size of a list that is shorter than a page.
const DEFAULT_SIZE: usize = 100;

/// The names of a parameter that are tried.
const MAX_NAMES: usize = 4;

/// Members that state a number of items or pages, although parameters of these names are page sizes.
const COUNTS: [&str; 5] = ["count", "results", "length", "numresults", "pagecount"];

/// The reason for a scheme that follows from the address of the next page.
const NEXT_ADDRESS: &str = "the address of the next page has these parameters";

/// The parts of a response that pagination follows from.
pub(super) struct PagingHints<'a> {
    pub(super) url: &'a Url,
    /// The next page in a `Link` header.
    pub(super) link: Option<&'a Url>,
    /// The next page in another header: its name and the cursor.
    pub(super) header: Option<(&'a str, &'a str)>,
    /// The next page in the body.
    pub(super) next: Option<&'a NextGuess>,
    /// The scalars beside the items.
    pub(super) statements: &'a [Leaf<'a>],
    /// The pointer to the items.
    pub(super) list: &'a str,
    pub(super) items: usize,
    pub(super) total: Option<i64>,
}

/// The paging parameters of a URL.
#[derive(Clone, Debug, Default)]
struct Params {
    offset: Option<(String, u64)>,
    page: Option<(String, u64)>,
    cursor: Option<String>,
    limit: Option<(String, usize)>,
}

impl Params {
    fn of(url: &Url) -> Self {
        let mut params = Self::default();
        for (name, value) in url.query_pairs() {
            let name = name.into_owned();
            match param_kind(&name, &value) {
                Some(ParamKind::Offset) => params.offset = Some((name, value.parse().unwrap_or(0))),
                Some(ParamKind::Page) => params.page = Some((name, value.parse().unwrap_or(1))),
                Some(ParamKind::Cursor) => params.cursor = Some(name),
                Some(ParamKind::Limit) => params.limit = value.parse().ok().map(|size| (name, size)),
                None => {}
            }
        }
        params
    }
}

/// Guesses schemes of pagination, the likeliest first.
pub(super) fn guess_paging(hints: &PagingHints<'_>) -> Vec<PagingGuess> {
    let own = Params::of(hints.url);
    let mut guesses = Vec::new();
    if let Some(link) = hints.link {
        let next = Params::of(link);
        let (limit, size) = limit_of(hints, &[&own, &next], "per_page");
        guesses.push(guess(link_toml(&limit, size), "the Link header has a next page"));
        guesses.extend(by_position(hints, &own, &next, NEXT_ADDRESS));
    }
    if let Some((name, cursor)) = hints.header {
        guesses.extend(by_header(hints, &own, name, cursor));
    }
    if let Some(next) = hints.next {
        by_next(hints, &own, next, &mut guesses);
    }
    if hints.next.is_none_or(|next| next.value != NextValue::Empty) {
        guesses.iter_mut().for_each(|guess| guess.is_stated = true);
    }
    guesses.extend(by_position(hints, &own, &own, "the address has these parameters"));
    guesses.extend(by_echo(hints, &own));
    // Common names, which only a second page confirms.
    let (limit, size) = limit_of(hints, &[&own], "per_page");
    let (top_limit, top_size) = limit_of(hints, &[&own], "$top");
    let is_odata = hints.statements.iter().any(|leaf| leaf.name().starts_with("odata"))
        || ["/value", "/d/results", "/d"].contains(&hints.list);
    if is_odata {
        guesses.push(offset_guess("$skip", &top_limit, top_size, "common in OData"));
    }
    let (records, record_size) = limit_of(hints, &[&own], "resultRecordCount");
    if hints.statements.iter().any(|leaf| leaf.name() == "exceededtransferlimit") {
        guesses.push(offset_guess("resultOffset", &records, record_size, "common in ArcGIS"));
    }
    let (soda_limit, soda_size) = limit_of(hints, &[&own], "$limit");
    let soda = offset_guess("$offset", &soda_limit, soda_size, "common in Socrata");
    // Socrata rejects the other parameters.
    let is_soda = hints.list.is_empty() && hints.url.path().contains("/resource/");
    if is_soda {
        guesses.push(soda.clone());
    }
    guesses.push(page_guess("page", &limit, size, 1, "a common scheme"));
    for (offset, limit) in [("offset", "limit"), ("skip", "limit"), ("start", "limit"), ("start", "rows")] {
        let (limit, size) = limit_of(hints, &[&own], limit);
        guesses.push(offset_guess(offset, &limit, size, "a common scheme"));
    }
    if hints.list.is_empty() {
        let (limit, size) = limit_of(hints, &[&own], "_limit");
        guesses.push(offset_guess("_start", &limit, size, "common in json-server"));
    }
    guesses.push(soda);
    let mut seen = HashSet::new();
    guesses.retain(|guess| seen.insert(guess.toml.clone()));
    guesses
}

/// Returns the schemes for pages that begin behind the last item of the page before.
///
/// Strict upstreams reject the usual parameter for the page size.
pub(super) fn keyset_guesses(hints: &PagingHints<'_>, param: &str, key: &str) -> Vec<PagingGuess> {
    let (limit, size) = limit_of(hints, &[&Params::of(hints.url)], "limit");
    let next = format!("last:{key}");
    let reason = format!("a page begins behind the item that {param} names");
    [limit.as_str(), ""].map(|limit| guess(cursor_toml(param, limit, size, &next), &reason)).into()
}

/// Returns the schemes for a header that states the next page: Azure expects the same one in the next request.
fn by_header(hints: &PagingHints<'_>, own: &Params, name: &str, cursor: &str) -> Vec<PagingGuess> {
    // `X-MS-ContinuationToken` and `Acme-Next-Cursor`: the words before belong to the vendor.
    let start = ["next", "continuation", "cursor"].iter().filter_map(|word| name.find(word)).min();
    let stem = name[start.unwrap_or_default()..].replace('-', "_");
    let next = NextGuess { pointer: format!("/{stem}"), name: normalized(&stem), value: NextValue::Empty };
    let reason = format!("the header {name} states the next page");
    let same = format!("header:{name}");
    if let Some(page) = cursor.parse().ok().filter(|_| stem == "next_page") {
        let page: u64 = page;
        let (limit, size) = limit_of(hints, &[own], "per_page");
        return vec![page_guess("page", &limit, size, page.saturating_sub(1).min(1), &reason)];
    }
    let is_azure = name.starts_with("x-ms-");
    let params = cursor_names(own, &next);
    let params =
        if is_azure { [vec![same.clone()], params].concat() } else { [params, vec![same.clone()]].concat() };
    let toml = |param: &String| {
        let (limit, size) = limit_of(hints, &[own], if is_azure { "" } else { "limit" });
        cursor_toml(param, &limit, size, &same)
    };
    params.iter().map(|param| guess(toml(param), &reason)).collect()
}

/// Adds the schemes for a next page that the body states.
fn by_next(hints: &PagingHints<'_>, own: &Params, next: &NextGuess, guesses: &mut Vec<PagingGuess>) {
    let cursor_toml = |cursor: &str, params: &[&Params]| {
        let (limit, size) = limit_of(hints, params, limit_beside(hints, next));
        cursor_toml(cursor, &limit, size, &next.pointer)
    };
    match &next.value {
        NextValue::Link(url) => {
            let params = Params::of(url);
            let cursor = params.cursor.clone().unwrap_or_else(|| "cursor".to_owned());
            let reason = format!("the address of the next page is at {}", next.pointer);
            guesses.push(guess(cursor_toml(&cursor, &[own, &params]), &reason));
            guesses.extend(by_position(hints, own, &params, NEXT_ADDRESS));
        }
        NextValue::Relative(text) => {
            let params = hints.url.join(text).map(|url| Params::of(&url)).unwrap_or_default();
            guesses.extend(by_position(hints, own, &params, NEXT_ADDRESS));
            let cursor = params.cursor.clone().unwrap_or_else(|| "cursor".to_owned());
            let reason = format!("the path of the next page is at {}", next.pointer);
            guesses.push(guess(cursor_toml(&cursor, &[own, &params]), &reason));
        }
        NextValue::Token(_) | NextValue::Empty => {
            let reason = format!("the next page is at {}", next.pointer);
            for cursor in cursor_names(own, next) {
                guesses.push(guess(cursor_toml(&cursor, &[own]), &reason));
            }
        }
        NextValue::Number(number) => {
            let reason = format!("{} is the number of the next page or item", next.pointer);
            let (limit, size) = limit_of(hints, &[own], "per_page");
            let number = u64::try_from(*number).unwrap_or(0);
            if number <= 2 && !next.name.contains("offset") {
                let page = own.page.as_ref().map_or("page", |(page, _)| page);
                let first = number.saturating_sub(1);
                guesses.push(page_guess(page, &limit, size, first, &reason));
            }
            if number as usize == hints.items || next.name.contains("offset") {
                let offset = own.offset.as_ref().map_or("offset", |(offset, _)| offset);
                let (limit, size) = limit_of(hints, &[own], "limit");
                guesses.push(offset_guess(offset, &limit, size, &reason));
            }
            for cursor in cursor_names(own, next) {
                guesses.push(guess(cursor_toml(&cursor, &[own]), &reason));
            }
        }
    }
}

/// Returns the usual name of the page size beside a cursor: Google's APIs reject unknown parameters.
fn limit_beside(hints: &PagingHints<'_>, next: &NextGuess) -> &'static str {
    let has_kind =
        |leaf: &Leaf<'_>| leaf.name() == "kind" && leaf.value.as_str().is_some_and(|kind| kind.contains('#'));
    match next.name.as_str() {
        "nextpagetoken" if hints.statements.iter().any(has_kind) => "maxResults",
        "nextpagetoken" if next.pointer.ends_with("PageToken") => "pageSize",
        // MediaWiki names the page size by the list: `aplimit`.
        _ if next.pointer.starts_with("/continue/") => "",
        _ => "limit",
    }
}

/// The likely names of the parameter for the cursor that a member states.
fn cursor_names(own: &Params, next: &NextGuess) -> Vec<String> {
    if let Some(cursor) = &own.cursor {
        return vec![cursor.clone()];
    }
    let last = next.pointer.rsplit('/').next().unwrap_or_default();
    let name = last.trim_start_matches(['@', '_', '$']);
    // `next_cursor` states the value of `cursor`, `nextPageToken` that of `pageToken`.
    let stem = ["next_", "next-", "next"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let stem = stem.filter(|stem| !stem.is_empty()).map(|stem| {
        if stem.starts_with(char::is_uppercase) { stem.to_lower_camel_case() } else { stem.to_owned() }
    });
    let mut names: Vec<String> = match normalized(name).as_str() {
        "continuationtoken" => vec!["continuationToken".to_owned(), name.to_owned()],
        "nexttoken" => vec![name.to_owned(), "pagination_token".to_owned()],
        "cursor" => vec![name.to_owned(), "after".to_owned()],
        "endcursor" => vec!["after".to_owned(), "cursor".to_owned()],
        "next" => vec!["cursor".to_owned(), "next".to_owned(), "after".to_owned(), "page".to_owned()],
        "nextpage" => vec![name.to_owned()],
        "nextcursor" => vec!["cursor".to_owned(), name.to_owned(), "start_cursor".to_owned()],
        "aftercursor" => vec!["page[after]".to_owned(), "after".to_owned(), "cursor".to_owned()],
        _ => Vec::new(),
    };
    names.extend(stem);
    names.push(name.to_owned());
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MAX_NAMES);
    names
}

/// Returns the scheme of the position in the parameters of an address.
fn by_position(hints: &PagingHints<'_>, own: &Params, params: &Params, reason: &str) -> Option<PagingGuess> {
    if let Some((offset, _)) = &params.offset {
        let (limit, size) = limit_of(hints, &[own, params], "limit");
        return Some(offset_guess(offset, &limit, size, reason));
    }
    let (page, number) = params.page.as_ref()?;
    let (limit, size) = limit_of(hints, &[own, params], "per_page");
    // The address of a second page tells the number of the first one.
    let is_next = own.page.as_ref().is_none_or(|(_, own)| own != number);
    let first = match (&own.page, is_next) {
        (Some((_, own)), _) => u64::from(*own != 0),
        (None, true) => number.saturating_sub(1).min(1),
        (None, false) => 1,
    };
    Some(page_guess(page, &limit, size, first, reason))
}

/// Returns the scheme whose parameters the body repeats, such as `"skip": 0, "limit": 30`.
fn by_echo(hints: &PagingHints<'_>, own: &Params) -> Vec<PagingGuess> {
    let mut guesses = Vec::new();
    let is_near = |leaf: &&Leaf<'_>| {
        leaf.path.len() <= 3
            && leaf.integer().is_some()
            && !leaf.pointer.starts_with(&format!("{}/", hints.list)) | hints.list.is_empty()
    };
    let find = |kind: ParamKind| {
        hints.statements.iter().filter(is_near).filter_map(move |leaf| {
            let (name, value) = (leaf.path.last()?, leaf.integer()?);
            let fits = param_kind(name, &value.to_string()) == Some(kind);
            let is_count = COUNTS.contains(&leaf.name().as_str());
            (fits && !is_count).then(|| (leaf, u64::try_from(value).unwrap_or(0)))
        })
    };
    let echoed = |kind: ParamKind| {
        find(kind)
            .next()
            .map(|(leaf, value)| (leaf.path.last().copied().unwrap_or_default().to_owned(), value))
    };
    let size = |size: u64| usize::try_from(size).unwrap_or(DEFAULT_SIZE);
    let limit = echoed(ParamKind::Limit).map(|(name, value)| (name, size(value)));
    let named = |name: &str| hints.statements.iter().find(|leaf| leaf.name() == name);
    let echo = Params { limit, ..Params::default() };
    if named("numfound").is_some() {
        let (limit, size) = limit_of(hints, &[own, &echo], "rows");
        guesses.push(offset_guess("start", &limit, size, "the members are those of Solr"));
    }
    if named("totalelements").is_some() && named("number").is_some() {
        let (limit, size) = limit_of(hints, &[own], "size");
        guesses.push(page_guess("page", &limit, size, 0, "the members are those of Spring"));
    }
    if hints.statements.iter().any(|leaf| leaf.pointer.starts_with("/_shards/")) {
        let (limit, size) = limit_of(hints, &[own], "size");
        guesses.push(offset_guess("from", &limit, size, "the members are those of Elasticsearch"));
    }
    let reason = "the response repeats these parameters";
    if let Some((offset, _)) = echoed(ParamKind::Offset) {
        let (limit, size) = limit_of(hints, &[own, &echo], "limit");
        guesses.push(offset_guess(&offset, &limit, size, reason));
    }
    if let Some((page, number)) = echoed(ParamKind::Page) {
        let (limit, size) = limit_of(hints, &[own, &echo], "per_page");
        let page = if normalized(&page) == "currentpage" { "page".to_owned() } else { page };
        guesses.push(page_guess(&page, &limit, size, number.min(1), reason));
    }
    // Magento: `"search_criteria": {"current_page": 1, "page_size": 20}` repeats `searchCriteria[currentPage]=1`.
    // Strapi repeats `pagination[page]=1` within its `meta`.
    for ((page, number), (limit, value)) in
        find(ParamKind::Page).flat_map(|page| find(ParamKind::Limit).map(move |limit| (page, limit)))
    {
        if let ([outer @ .., around, page], [others @ .., beside, limit]) = (&page.path[..], &limit.path[..])
            && outer == others
            && around == beside
        {
            for spelled in [str::to_owned, str::to_lower_camel_case] {
                let [around, page, limit] = [around, page, limit].map(|name| spelled(name));
                let (page, limit) = (format!("{around}[{page}]"), format!("{around}[{limit}]"));
                guesses.push(page_guess(&page, &limit, size(value), number.min(1), reason));
            }
        }
    }
    guesses
}

/// Returns the parameter for the page size and its value: those of an address, or else the size of the page.
fn limit_of(hints: &PagingHints<'_>, params: &[&Params], default: &str) -> (String, usize) {
    if let Some((name, size)) = params.iter().find_map(|params| params.limit.clone()) {
        return (name, size.clamp(1, MAX_SIZE));
    }
    let is_whole =
        hints.total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total <= hints.items));
    let size = if is_whole { DEFAULT_SIZE } else { hints.items.clamp(1, MAX_SIZE) };
    (default.to_owned(), size)
}

#[cfg(test)]
mod tests;
