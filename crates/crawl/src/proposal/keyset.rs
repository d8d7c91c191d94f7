//! The parameter behind whose value a page begins, for APIs that continue behind an item.

use std::collections::HashSet;
use std::time::Duration;

use super::paging::{PagingHints, keyset_guesses};
use super::scheme::PagingGuess;
use crate::client::HttpUpstream;
use crate::format::parse_body;
use crate::inspect::find_items;
use crate::json::Json;
use crate::mapping::scalar_text;
use crate::pagination::set_param;
use crate::upstream::UpstreamRequest;

/// Names of the parameter, the likeliest first. Those that APIs also use for offsets are left out.
const PARAMS: &[&str] = &[
    "starting_after",
    "after",
    "before",
    "max_id",
    "since_id",
    "last_id",
    "since",
    "after_id",
    "before_id",
    "start_after",
    "startAfter",
    "from_id",
];
/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(100);

/// Requests the items behind the last one by each parameter, until a page continues the list.
pub(super) async fn find_keyset(
    probe: &HttpUpstream,
    hints: &PagingHints<'_>,
    items: &[&Json],
    key: &str,
) -> Vec<PagingGuess> {
    let key_of = |item: &Json| Some(scalar_text(item.pointer(key)?)?.into_owned());
    let known: HashSet<String> = items.iter().filter_map(|item| key_of(item)).collect();
    let Some(last) = items.last().and_then(|item| key_of(item)) else { return Vec::new() };
    let is_own = |name: &&str| hints.url.query_pairs().any(|(own, _)| own == *name);
    let (own, others): (Vec<&str>, Vec<&str>) = PARAMS.iter().copied().partition(is_own);
    for name in own.into_iter().chain(others) {
        tokio::time::sleep(PAUSE).await;
        let mut url = hints.url.clone();
        set_param(&mut url, name, &last);
        let Ok(response) = probe.fetch_raw(&UpstreamRequest::from(url)).await else { continue };
        let Ok(body) = parse_body(&response.text(), &response.content_type()) else { continue };
        let Some(list) = find_items(&body.json).filter(|list| list.pointer == hints.list) else { continue };
        let keys: Vec<Option<String>> = list.items.iter().map(|item| key_of(item)).collect();
        // Some upstreams include the item itself.
        let mut others = keys.iter().filter(|key| key.as_ref() != Some(&last)).peekable();
        let has_others = others.peek().is_some();
        if has_others && others.all(|key| key.as_ref().is_some_and(|key| !known.contains(key))) {
            return keyset_guesses(hints, name, key);
        }
    }
    Vec::new()
}
