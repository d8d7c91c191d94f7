//! The documents of a fetched page, and the facts that decide on it. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::mapping::{ItemError, map_item};
use super::plan::PageFacts;
use super::upstream::FetchedPage;
use quarry_config::SourceConfig;
use quarry_domain::{DocumentDraft, DocumentId, Rejection};

/// A parsed page.
#[derive(Default)]
pub(super) struct ParsedPage {
    pub(super) facts: PageFacts,
    /// One document per key: the last one of a page.
    pub(super) drafts: Vec<DocumentDraft>,
    /// Items that the upstream states as deleted.
    pub(super) deleted: Vec<DocumentId>,
    /// Rejected items.
    pub(super) rejections: Vec<Rejection>,
    /// The documents of rejected items with a key: earlier versions stay.
    pub(super) kept: Vec<DocumentId>,
}

impl ParsedPage {
    /// Creates the empty page of a response that ends the list with its status.
    pub(super) fn end(status: u16) -> Self {
        Self { facts: PageFacts::end(status), ..Self::default() }
    }
}

/// Parses a page with the mapping of the source.
pub(super) fn parse_page(config: &SourceConfig, page: FetchedPage) -> ParsedPage {
    let mut facts = PageFacts {
        items: page.items.len() as u64,
        total: page.total,
        next: page.next,
        has_more: page.has_more,
        error: page.error,
        ..PageFacts::default()
    };
    let mut drafts: Vec<DocumentDraft> = Vec::with_capacity(page.items.len());
    let mut index_of_key: HashMap<String, usize> = HashMap::new();
    let mut keys = String::new();
    let mut rejections = Vec::new();
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
                rejections.push(Rejection { key: None, reason: rejection.to_string() });
            }
        }
        keys.push('\n');
    }
    facts.hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, keys.as_bytes()).simple().to_string();
    facts.documents = drafts.iter().map(|draft| draft.id().0).collect();
    ParsedPage { facts, drafts, rejections, ..ParsedPage::default() }
}
