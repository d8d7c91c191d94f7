//! The documents of a fetched page, and the facts that decide on it. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::mapping::{ItemError, map_item};
use super::plan::PageFacts;
use super::upstream::FetchedPage;
use quarry_config::SourceConfig;
use quarry_domain::DocumentDraft;

/// A parsed page.
pub(super) struct ParsedPage {
    pub(super) facts: PageFacts,
    /// One document per key: the last one of a page.
    pub(super) drafts: Vec<DocumentDraft>,
}

/// Parses a page with the mapping of the source.
pub(super) fn parse_page(config: &SourceConfig, page: FetchedPage) -> ParsedPage {
    let mut facts = PageFacts {
        items: page.items.len() as u64,
        total: page.total.value(),
        next: page.next.value(),
        ..PageFacts::default()
    };
    let mut drafts: Vec<DocumentDraft> = Vec::with_capacity(page.items.len());
    let mut index_of_key: HashMap<String, usize> = HashMap::new();
    let mut keys = String::new();
    for item in &page.items {
        match map_item(&config.name, &config.fields, item) {
            Ok(draft) => {
                // Keys contain no line breaks, so two different lists of keys differ here.
                keys += draft.key.as_str();
                match index_of_key.get(draft.key.as_str()) {
                    Some(index) => drafts[*index] = draft,
                    None => {
                        index_of_key.insert(draft.key.as_str().to_owned(), drafts.len());
                        drafts.push(draft);
                    }
                }
            }
            Err(rejection) => {
                facts.rejected += 1;
                facts.keyless += u64::from(matches!(rejection, ItemError::NoKey { .. }));
                facts.rejection.get_or_insert_with(|| rejection.to_string());
            }
        }
        keys.push('\n');
    }
    facts.hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, keys.as_bytes()).simple().to_string();
    ParsedPage { facts, drafts }
}
