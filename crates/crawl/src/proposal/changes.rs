//! The parameter by which a crawl asks for changes only.
//!
//! A parameter that the API ignores, or compares with another time, would hide changes until the next full
//! crawl: it is proposed as a comment unless a response confirms it.

use url::Url;

use super::spelling::toml_text;
use crate::client::HttpUpstream;
use crate::dates::parse_date;
use crate::format::parse_body;
use crate::inspect::{ItemList, Leaf, find_change_param, find_change_time, find_items};
use crate::json::Json;
use crate::mapping::scalar_text;
use crate::upstream::UpstreamRequest;
use quarry_domain::Timestamp;

/// Returns the line of the setting, if the items have a time of change and the response names a parameter.
pub(super) async fn propose_since(
    probe: &HttpUpstream,
    url: &Url,
    list: &ItemList<'_>,
    statements: &[Leaf<'_>],
) -> Option<String> {
    let field = find_change_time(&list.items)?;
    let param = find_change_param(statements)?;
    if url.query_pairs().any(|(name, _)| name == param) {
        return None;
    }
    let setting = format!("since = {{ param = {}, field = {} }}", toml_text(&param), toml_text(&field));
    Some(if filters(probe, url, &param, &field, list).await {
        format!("{setting} # verified: the API returned only items that changed since a time")
    } else {
        format!("# {setting} # not verified: check that the API returns all items that changed since then")
    })
}

/// Returns true if the API returns only items that changed since a time in the middle of those of its list.
async fn filters(probe: &HttpUpstream, url: &Url, param: &str, field: &str, list: &ItemList<'_>) -> bool {
    let mut times: Vec<(Timestamp, String)> =
        list.items.iter().filter_map(|item| time_of(item, field)).collect();
    times.sort_unstable();
    times.dedup_by_key(|(at, _)| *at);
    let [_, between @ .., _] = &times[..] else { return false };
    let Some((since, text)) = between.get(between.len() / 2) else { return false };
    let mut url = url.clone();
    url.query_pairs_mut().append_pair(param, text);
    let Ok(response) = probe.fetch_raw(&UpstreamRequest::from(url)).await else { return false };
    let Ok(body) = parse_body(&response.text(), &response.content_type()) else { return false };
    let Some(changed) = find_items(&body.json).filter(|changed| changed.pointer == list.pointer) else {
        return false;
    };
    // To the second: some APIs drop the fraction.
    let is_late =
        |item: &&Json| time_of(item, field).is_some_and(|(at, _)| at.timestamp() >= since.timestamp());
    // An API that compares another time, such as that of creation, would lack some of them.
    let is_listed = |item: &&Json| changed.items.contains(item);
    let is_later = |item: &&&Json| time_of(item, field).is_some_and(|(at, _)| at > *since);
    changed.items.iter().all(is_late) && list.items.iter().filter(is_later).all(is_listed)
}

fn time_of(item: &Json, field: &str) -> Option<(Timestamp, String)> {
    let value = item.pointer(field)?;
    let at = parse_date(value, None)?;
    Some((at, scalar_text(value)?.into_owned()))
}
