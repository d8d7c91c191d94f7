//! The problems of a preview, each with its remedy.

use serde::Serialize;
use serde_json::Value;

use super::findings::Findings;
use super::{Outlook, PagePreview};
use crate::inspect::{FieldGuess, ItemList, guess_fields, is_unique, member_names};
use quarry_config::{Pagination, SourceConfig};

/// The number of members that a problem lists.
const MAX_LISTED: usize = 12;

/// A problem and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewProblem {
    /// A crawl cannot work.
    pub is_fatal: bool,
    /// The problem and the remedy.
    pub text: String,
}

impl PreviewProblem {
    fn fatal(text: impl Into<String>) -> Self {
        Self { is_fatal: true, text: text.into() }
    }

    fn warning(text: impl Into<String>) -> Self {
        Self { is_fatal: false, text: text.into() }
    }
}

/// Finds the problems of a preview.
pub(super) fn find(
    config: &SourceConfig,
    pages: &[PagePreview],
    findings: &Findings<'_>,
    outlook: &Outlook,
) -> Vec<PreviewProblem> {
    let mut problems: Vec<PreviewProblem> = pages
        .iter()
        .enumerate()
        .filter(|(at, page)| !ends_list(config, *at, page, pages))
        .filter_map(|(at, page)| of_page(at, page))
        .collect();
    if pages.iter().all(|page| page.items.is_none()) {
        return problems;
    }
    problems.extend(of_items(config, findings));
    problems.extend(of_fields(config, findings));
    problems.extend(of_paging(config, pages, findings, outlook));
    problems
}

/// Finds what the body of a first page lacks that is no page by the settings.
pub(super) fn of_body(
    config: &SourceConfig,
    is_json: bool,
    list: Option<&ItemList<'_>>,
) -> Option<PreviewProblem> {
    if !is_json {
        return Some(PreviewProblem::fatal(
            "the response is not JSON: check that url is the address of the API, not of a page for browsers",
        ));
    }
    let list = list?;
    let pointer = config.items.as_str();
    (list.pointer != pointer).then(|| {
        let found = if list.is_keyed { "an object of objects" } else { "a list" };
        let remedy = if list.pointer.is_empty() { "\"\"".to_owned() } else { format!("{:?}", list.pointer) };
        PreviewProblem::fatal(format!(
            "the items are not at {pointer:?}, but {found} of {} objects is at {remedy}: set items = {remedy}",
            list.items.len()
        ))
    })
}

/// Returns true for a refusal after a short page, by which many APIs end a list.
fn ends_list(config: &SourceConfig, at: usize, page: &PagePreview, pages: &[PagePreview]) -> bool {
    let before = at.checked_sub(1).and_then(|before| pages[before].items);
    let is_after_short_page = before.is_some_and(|items| items < page_size(&config.pagination));
    page.items.is_none() && is_after_short_page && matches!(page.status, Some(204 | 400 | 404 | 410 | 416))
}

fn of_page(at: usize, page: &PagePreview) -> Option<PreviewProblem> {
    if page.items.is_some() {
        let error = page.error.as_ref()?;
        return Some(PreviewProblem::fatal(format!(
            "page {} states an error beside its items: {error}",
            at + 1
        )));
    }
    let cause = page.failures.last().map_or("no response", String::as_str);
    let remedy = match page.status {
        Some(401 | 403) => ": set the credentials of the API in headers",
        Some(404) => ": check url and the parameters of pagination",
        Some(400 | 422) => ": the API does not accept a parameter; check the names in pagination",
        Some(406 | 415) => ": the API needs another accept header; set it in headers",
        Some(429) => ": the API limits requests; set a longer delay",
        None if cause == "timed out" => ": set a longer timeout, or a smaller size in pagination",
        None => ": check the host and the port of url",
        Some(_) => "",
    };
    let page = if at == 0 { "the first page".to_owned() } else { format!("page {}", at + 1) };
    Some(PreviewProblem::fatal(format!("{page} could not be fetched: {cause}{remedy}")))
}

fn of_items(config: &SourceConfig, findings: &Findings<'_>) -> Option<PreviewProblem> {
    if !findings.items().is_empty() {
        return None;
    }
    let pointer = config.items.as_str();
    Some(PreviewProblem::warning(format!(
        "the list at {pointer:?} is empty: a crawl would complete without documents; check url and items"
    )))
}

fn of_fields(config: &SourceConfig, findings: &Findings<'_>) -> Vec<PreviewProblem> {
    let mut problems = Vec::new();
    let items: Vec<&Value> = findings.items().iter().collect();
    if items.is_empty() {
        return problems;
    }
    let guesses = guess_fields(&items);
    let has_title = findings.fields().iter().any(|field| field.field == "title" && field.found > 0);
    for field in findings.fields() {
        let (name, pointer) = (field.field, &field.pointer);
        let guess = match name {
            "key" => &guesses.key,
            "text" => &guesses.text,
            "title" => &guesses.title,
            "category" => &guesses.category,
            "author_key" => &guesses.author_key,
            "author_name" => &guesses.author_name,
            _ => &guesses.published_at,
        };
        let is_required = name == "key" || (name == "text" && !has_title);
        if field.found == 0 && field.unreadable == 0 {
            let text = format!(
                "no item has {pointer:?}: items have the members {}; set fields.{name}{}",
                describe_members(&items),
                example(name, guess.as_ref())
            );
            problems.push(PreviewProblem { is_fatal: is_required, text });
        } else if field.unreadable > 0 {
            let example = field.unreadable_example.as_deref().unwrap_or_default();
            let (kind, remedy) = if name == "published_at" {
                ("date", "such values stay in the attributes")
            } else {
                ("text or number", "point to a member of it")
            };
            let text = format!(
                "{} of {} values at {pointer:?} are not readable as a {kind}, such as {example:?}: {remedy} (fields.{name})",
                field.unreadable, field.of
            );
            problems.push(PreviewProblem { is_fatal: is_required && field.found == 0, text });
        }
    }
    let (rejected, all) = (findings.rejected(), items.len());
    if rejected > 0 {
        let reasons: Vec<String> =
            findings.rejections().into_iter().take(3).map(|rejected| rejected.reason).collect();
        let text = format!(
            "{rejected} of {all} items would be rejected ({}): a crawl with rejected items does not complete and \
             removes nothing",
            reasons.join("; ")
        );
        problems.push(PreviewProblem { is_fatal: rejected == all, text });
    }
    let merged = findings.merged_keys();
    if !merged.is_empty() {
        let other = guesses.key.filter(|guess| guess.pointer != config.fields.key.as_str());
        let other = other.filter(|guess| is_unique(&items, &guess.pointer));
        problems.push(PreviewProblem::warning(format!(
            "{} keys stand for different items of one page, such as {:?}, so that only one of them would be stored: \
             {:?} does not identify an item; set fields.key{}",
            merged.len(),
            merged[0],
            config.fields.key.as_str(),
            example("key", other.as_ref())
        )));
    }
    problems
}

fn of_paging(
    config: &SourceConfig,
    pages: &[PagePreview],
    findings: &Findings<'_>,
    outlook: &Outlook,
) -> Vec<PreviewProblem> {
    let mut problems = Vec::new();
    let parameters = match &config.pagination {
        Pagination::Offset { offset, limit, .. } => format!("{offset:?} and {limit:?}"),
        Pagination::Page { page, limit, .. } => format!("{page:?} and {limit:?}"),
        Pagination::Cursor { cursor, .. } => format!("{cursor:?}"),
        Pagination::Link { limit, .. } => format!("{limit:?}"),
    };
    if findings.repeats_page() {
        problems.push(PreviewProblem::fatal(format!(
            "the second page repeats the items of the first: the upstream does not know the parameters {parameters}; \
             set the names of its own in pagination"
        )));
    }
    if let Some(pointer) = config.total.as_ref().filter(|_| outlook.total.is_none()) {
        problems.push(PreviewProblem::warning(format!(
            "no page has a number at {:?} (total): a crawl could not prove that it saw every item; correct the pointer, \
             or remove total",
            pointer.as_str()
        )));
    }
    let first = pages.first();
    let count = first.and_then(|page| page.items).unwrap_or(0);
    let lacks_next = first.is_some_and(|page| page.items.is_some() && page.next.is_none());
    let place = match &config.pagination {
        Pagination::Cursor { next, .. } => Some(format!("at {:?}", next.as_str())),
        Pagination::Link { .. } => Some("in a Link header".to_owned()),
        _ => None,
    };
    if let (Some(place), true) = (place, lacks_next && count > 0) {
        let is_more =
            outlook.total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total > count));
        let is_full = outlook.total.is_none() && count >= page_size(&config.pagination);
        if is_more || is_full {
            problems.push(PreviewProblem::fatal(format!(
                "the first page has {count} items{}, but no next page {place}: a crawl would end after it; set the kind of \
                 pagination of the upstream, and next",
                outlook.total.map(|total| format!(" of {total}")).unwrap_or_default()
            )));
        }
    }
    problems
}

fn page_size(pagination: &Pagination) -> usize {
    let (Pagination::Offset { size, .. }
    | Pagination::Page { size, .. }
    | Pagination::Cursor { size, .. }
    | Pagination::Link { size, .. }) = pagination;
    usize::try_from(*size).unwrap_or(usize::MAX)
}

fn example(name: &str, guess: Option<&FieldGuess>) -> String {
    guess.map(|guess| format!(", such as {name} = {:?}", guess.pointer)).unwrap_or_default()
}

fn describe_members(items: &[&Value]) -> String {
    let names = member_names(items.iter().copied());
    let mut shown: Vec<&str> = names.iter().take(MAX_LISTED).map(|(name, _)| name.as_str()).collect();
    if names.len() > shown.len() {
        shown.push("…");
    }
    if shown.is_empty() { "none (they are not objects)".to_owned() } else { shown.join(", ") }
}
