//! Reads a fetched page: its documents, and the facts that decide what becomes of it. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::mapping::{Rejection, map_item};
use super::plan::Answer;
use super::upstream::FetchedPage;
use quarry_config::SourceConfig;
use quarry_domain::DocumentDraft;

/// A page that was read.
pub(super) struct PageReading {
    pub(super) answer: Answer,
    /// At most one document of a key: the last, where a page has several.
    pub(super) drafts: Vec<DocumentDraft>,
}

/// Reads a page with the source's mapping.
pub(super) fn read_page(config: &SourceConfig, page: FetchedPage) -> PageReading {
    let mut answer =
        Answer { items: page.items.len() as u64, total: page.total, next: page.next, ..Answer::default() };
    let mut drafts: Vec<DocumentDraft> = Vec::with_capacity(page.items.len());
    let mut place_of_key: HashMap<String, usize> = HashMap::new();
    let mut keys = String::new();
    for item in &page.items {
        match map_item(&config.name, &config.fields, item) {
            Ok(draft) => {
                // No key holds a line break, so no two lists of keys are spelt alike.
                keys += draft.key.as_str();
                match place_of_key.get(draft.key.as_str()) {
                    Some(place) => drafts[*place] = draft,
                    None => {
                        place_of_key.insert(draft.key.as_str().to_owned(), drafts.len());
                        drafts.push(draft);
                    }
                }
            }
            Err(rejection) => {
                answer.rejected += 1;
                answer.keyless += u64::from(matches!(rejection, Rejection::NoKey { .. }));
                answer.rejection.get_or_insert_with(|| rejection.to_string());
            }
        }
        keys.push('\n');
    }
    answer.hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, keys.as_bytes()).simple().to_string();
    PageReading { answer, drafts }
}
