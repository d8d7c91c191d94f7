//! The problems of a preview, each with its remedy.

use serde::Serialize;

use super::findings::Findings;
use super::{Outlook, PagePreview};
use crate::client::{CONNECTION_REFUSED, NO_TOKEN};
use crate::inspect::{FieldGuess, guess_fields, is_unique, member_names};
use crate::json::Json;
use quarry_config::{KeyPart, Locator, OnReject, Pagination, SourceConfig};

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
    pub(super) fn fatal(text: impl Into<String>) -> Self {
        Self { is_fatal: true, text: text.into() }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
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
    problems.extend(of_promise(pages, outlook));
    problems
}

/// Describes a page with items before the first one of the settings.
pub(super) fn of_start(first: u32) -> PreviewProblem {
    PreviewProblem::fatal(format!(
        "the page with the number {first} has items that no requested page has, and a crawl would not request it: set \
         first = {first} in pagination"
    ))
}

/// Finds a page that states others, of which the settings do not tell how to request them.
fn of_promise(pages: &[PagePreview], outlook: &Outlook) -> Option<PreviewProblem> {
    let promises_more = pages.last()?.has_more == Some(true) && outlook.next_request.is_none();
    promises_more.then(|| {
        PreviewProblem::fatal(
            "the last page states that more items follow, but no request for them is known: a crawl would be \
             incomplete; set the kind of pagination of the upstream",
        )
    })
}

/// Returns true for a refusal after a short page, by which many APIs end a list.
fn ends_list(config: &SourceConfig, at: usize, page: &PagePreview, pages: &[PagePreview]) -> bool {
    let before = at.checked_sub(1).and_then(|before| pages[before].items);
    let is_after_short_page = before.is_some_and(|items| !is_full(items, config));
    let stops = |status: &u16| config.stop.as_ref().is_some_and(|stop| stop.status.contains(status));
    let is_stop = before.is_some() && page.status.as_ref().is_some_and(stops);
    let is_end = is_after_short_page && matches!(page.status, Some(204 | 400 | 404 | 410 | 416));
    page.items.is_none() && (is_stop || is_end)
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
        Some(401 | 403) => ": set the credentials of the API in auth, headers or params",
        Some(404) => ": check url and the parameters of pagination",
        Some(400 | 422) => ": the API does not accept a parameter; check params and the names in pagination",
        Some(405) => ": the API expects another method; set it in method",
        Some(406 | 415) => ": the API needs another accept header; set it in headers",
        Some(429) => ": the API limits requests; set a longer delay",
        None if cause == "timed out" => ": set a longer timeout, or a smaller size in pagination",
        None if cause.starts_with(NO_TOKEN) => ": check auth",
        None if cause.contains(CONNECTION_REFUSED) => ": check the host and the port of url",
        // Other causes have their remedies.
        None => "",
        Some(_) => "",
    };
    let page = if at == 0 { "the first page".to_owned() } else { format!("page {}", at + 1) };
    Some(PreviewProblem::fatal(format!("{page} could not be fetched: {cause}{remedy}")))
}

fn of_items(config: &SourceConfig, findings: &Findings<'_>) -> Option<PreviewProblem> {
    if findings.count() > 0 {
        return None;
    }
    let path = config.items.as_str();
    Some(PreviewProblem::warning(format!(
        "the list at {path:?} is empty: a crawl would complete without documents; check url and items"
    )))
}

fn of_fields(config: &SourceConfig, findings: &Findings<'_>) -> Vec<PreviewProblem> {
    let mut problems = Vec::new();
    let items: Vec<&Json> = findings.values();
    if items.is_empty() {
        problems.extend(of_rejected(config, findings));
        return problems;
    }
    let is_keyed = config.fields.key.parts().contains(&KeyPart::MemberName);
    let guesses = guess_fields(&items, is_keyed);
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
                ("date", "set date_format, or such values stay in the attributes")
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
    problems.extend(findings.missing_attributes().into_iter().map(PreviewProblem::warning));
    problems.extend(of_rejected(config, findings));
    let merged = findings.merged_keys();
    if !merged.is_empty() {
        let parts: Vec<&str> = config.fields.key.parts().iter().map(KeyPart::as_str).collect();
        let key = parts.join(", ");
        let other = guesses.key.filter(|guess| guess.pointer != key);
        let other = other.filter(|guess| is_unique(&items, &guess.pointer));
        problems.push(PreviewProblem::warning(format!(
            "{} keys stand for different items of one page, such as {:?}, so that only one of them would be stored: \
             {key:?} does not identify an item; set fields.key{}",
            merged.len(),
            merged[0],
            example("key", other.as_ref())
        )));
    }
    problems
}

fn of_rejected(config: &SourceConfig, findings: &Findings<'_>) -> Option<PreviewProblem> {
    let (rejected, all) = (findings.rejected(), findings.count());
    let reasons: Vec<String> =
        findings.rejections().into_iter().take(3).map(|rejected| rejected.reason).collect();
    let consequence = match config.on_reject {
        OnReject::Fail => "a crawl would fail, as on_reject says",
        OnReject::Skip if findings.are_mostly_rejected() => {
            "a crawl that rejects more than half of its items does not complete and removes nothing"
        }
        OnReject::Skip => "a crawl would skip them, and keep their earlier versions",
    };
    let text = format!("{rejected} of {all} items would be rejected ({}): {consequence}", reasons.join("; "));
    let is_fatal = findings.prevents_crawls();
    (rejected > 0).then_some(PreviewProblem { is_fatal, text })
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
        Pagination::SinglePage {} => return of_total(config, outlook).into_iter().collect(),
    };
    if findings.repeats_page() {
        problems.push(PreviewProblem::fatal(format!(
            "the second page repeats the items of the first: the upstream does not know the parameters {parameters}; \
             set the names of its own in pagination"
        )));
    }
    problems.extend(of_total(config, outlook));
    let first = pages.first();
    let count = first.and_then(|page| page.items).unwrap_or(0);
    let lacks_next = first.is_some_and(|page| page.items.is_some() && page.next.is_none() && !page.is_last);
    let place = match &config.pagination {
        Pagination::Cursor { next: Locator::Pointer(next), .. } => Some(format!("at {:?}", next.as_str())),
        Pagination::Cursor { next: Locator::Header(name), .. } => Some(format!("in the header {name}")),
        Pagination::Link { .. } => Some("in a Link header".to_owned()),
        _ => None,
    };
    if let (Some(place), true) = (place, lacks_next && count > 0) {
        let is_more =
            outlook.total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total > count));
        let is_full = outlook.total.is_none() && is_full(count, config);
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

fn of_total(config: &SourceConfig, outlook: &Outlook) -> Option<PreviewProblem> {
    let locator = config.total.as_ref().filter(|_| outlook.total.is_none())?;
    Some(PreviewProblem::warning(format!(
        "no page has a number at {:?} (total): a crawl could not prove that it saw every item; correct total, \
         or remove it",
        locator.to_string()
    )))
}

fn is_full(items: usize, config: &SourceConfig) -> bool {
    config.pagination.size().is_some_and(|size| items as u64 >= u64::from(size))
}

fn example(name: &str, guess: Option<&FieldGuess>) -> String {
    guess.map(|guess| format!(", such as {name} = {:?}", guess.pointer)).unwrap_or_default()
}

fn describe_members(items: &[&Json]) -> String {
    let names = member_names(items.iter().copied());
    let mut shown: Vec<&str> = names.iter().take(MAX_LISTED).map(|(name, _)| name.as_str()).collect();
    if names.len() > shown.len() {
        shown.push("…");
    }
    if shown.is_empty() { "none (they are not objects)".to_owned() } else { shown.join(", ") }
}
