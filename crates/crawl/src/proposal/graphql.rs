//! A proposal for an API that speaks GraphQL, from its schema.

use quarry_config::{PageFormat, Secret};
use serde_json::json;

use super::introspection::{self, Schema};
use super::list_query::{ListQuery, list_queries};
use super::table::SourceTable;
use super::trials::{FIRST_PAGE, SINGLE_PAGE, VERIFIED_PAGES, judge};
use super::{Proposal, ProposalError, ProposalRequest, parse, request_raw};
use crate::client::HttpUpstream;
use crate::inspect::{ItemList, TotalGuess, guess_fields};
use crate::json::Json;
use crate::preview::preview;
use crate::upstream::{FetchError, UpstreamRequest};

/// The lists that are requested until one has items with a key and a text.
const MAX_LISTS: usize = 8;
/// The page sizes to try: APIs refuse too large ones.
const SIZES: [usize; 2] = [100, 20];
/// The lists that a table or a message names.
const MAX_NAMED: usize = 12;

/// Proposes the settings for a list of a schema; `None` if the API does not answer an introspection.
pub(super) async fn propose(
    request: &ProposalRequest,
    table: &mut SourceTable,
) -> Result<Option<Proposal>, ProposalError> {
    table.describe_post();
    let probe = HttpUpstream::new(&parse(table)?)?;
    let Ok(schema) = send(&probe, request, introspection::QUERY, &json!({})).await else { return Ok(None) };
    let Some(schema) = Schema::parse(&schema) else { return Ok(None) };
    let mut lists = list_queries(&schema);
    if let Some(wanted) = &request.list {
        let all = names(lists.iter());
        lists.retain(|list| list.field == *wanted);
        if lists.is_empty() {
            return Err(ProposalError::NoList { wanted: wanted.clone(), lists: all });
        }
    } else if let Some(name) = &request.name {
        // The source is probably named after its list.
        lists.sort_by_key(|list| list.field != name.as_str());
    }
    if lists.is_empty() {
        return Err(ProposalError::NoQuery);
    }
    let mut cause = None;
    for list in lists.iter().take(MAX_LISTS) {
        match describe_list(&probe, request, list, table).await {
            Ok(found) => {
                let others = names(lists.iter().filter(|other| *other != list));
                if !others.is_empty() {
                    table.note(format!("Other lists, by --list: {others}"));
                }
                return verify(table, list, found).await.map(Some);
            }
            Err(error) => cause = cause.or(Some((list.field.clone(), error))),
        }
    }
    let (list, cause) = cause.expect("one list was requested");
    Err(ProposalError::Unusable { list, cause })
}

/// The findings in the first page of a list.
struct FirstPage {
    items: usize,
    size: usize,
    total: Option<i64>,
    is_last: bool,
}

/// Requests the first page of a list and describes its items; the error says why it is unusable.
async fn describe_list(
    probe: &HttpUpstream,
    request: &ProposalRequest,
    list: &ListQuery,
    table: &mut SourceTable,
) -> Result<FirstPage, String> {
    let mut problem = String::new();
    for size in SIZES {
        let body = match send(probe, request, &list.text, &list.first_variables(size)).await {
            Ok(text) => Json::parse(&text).unwrap_or(Json::Null),
            Err(error) => {
                problem = error.to_string();
                continue;
            }
        };
        let Some(items) = items(&body, &list.items) else {
            problem = "the API answered with an error".to_owned();
            continue;
        };
        if items.is_empty() {
            return Err("the list is empty".to_owned());
        }
        let found = ItemList { pointer: list.items.clone(), items, is_keyed: false, is_grouped: false };
        let mut fields = guess_fields(&found.items, false);
        if fields.text.is_none() {
            fields.text = fields.title.take();
        }
        if fields.key.is_none() || fields.text.is_none() {
            let missing = if fields.key.is_none() { "key" } else { "text" };
            return Err(format!("no member of its items can be the {missing}"));
        }
        let total = list.total.as_ref().and_then(|pointer| {
            let value = body.pointer(pointer).and_then(Json::as_i64)?;
            Some(TotalGuess { pointer: pointer.clone(), value })
        });
        let count = found.items.len();
        let first = FirstPage {
            items: count,
            size,
            total: total.as_ref().map(|total| total.value),
            is_last: list.has_next.as_ref().is_some_and(|at| body.pointer(at) == Some(&Json::Bool(false))),
        };
        table.describe_query(list);
        table.describe_items(&found, PageFormat::Json);
        table.describe_fields(&fields, &found.items);
        table.total = total;
        return Ok(first);
    }
    Err(problem)
}

/// Verifies a described list by its second page.
async fn verify(
    table: &mut SourceTable,
    list: &ListQuery,
    first: FirstPage,
) -> Result<Proposal, ProposalError> {
    table.paging = Some(list.paging(first.size));
    let config = parse(table)?;
    let preview = preview(&config, &HttpUpstream::new(&config)?, VERIFIED_PAGES).await;
    let (score, verdict) = judge(&preview, first.items, first.total);
    let is_whole = first.is_last && score >= FIRST_PAGE;
    table.verdict = if is_whole {
        "all items are on the first page, so this is not verified".to_owned()
    } else {
        verdict
    };
    Ok(table.proposal(is_whole || score >= SINGLE_PAGE))
}

async fn send(
    probe: &HttpUpstream,
    request: &ProposalRequest,
    query: &str,
    variables: &serde_json::Value,
) -> Result<String, FetchError> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let request =
        UpstreamRequest { body: Some(Secret::new(&body)), ..UpstreamRequest::from(request.url.clone()) };
    request_raw(probe, &request).await.map(|response| response.text().into_owned())
}

/// Returns the items at a path of the settings.
fn items<'a>(body: &'a Json, path: &str) -> Option<Vec<&'a Json>> {
    let (list, inner) = path.split_once("/*").unwrap_or((path, ""));
    let Json::Array(elements) = body.pointer(list)? else { return None };
    Some(
        elements
            .iter()
            .filter_map(|element| element.pointer(inner))
            .filter(|item| item.as_object().is_some())
            .collect(),
    )
}

fn names<'a>(lists: impl Iterator<Item = &'a ListQuery>) -> String {
    let mut names: Vec<&str> = lists.map(|list| list.field.as_str()).take(MAX_NAMED + 1).collect();
    if names.len() > MAX_NAMED {
        names[MAX_NAMED] = "…";
    }
    names.join(", ")
}
