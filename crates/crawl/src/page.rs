//! The documents of a fetched page, and the facts that decide on it. Pure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::mapping::{ItemError, MappedItem, map_item, scalar_text};
use super::plan::PageFacts;
use super::since::{SinceValue, latest};
use super::upstream::FetchedPage;
use quarry_config::SourceConfig;
use quarry_domain::{DocumentDraft, DocumentId, DocumentKey, Rejection, Timestamp};

/// Characters of a key in an error message.
const MAX_KEY_CHARS: usize = 40;

/// A parsed page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ParsedPage {
    pub(super) facts: PageFacts,
    /// One document per key: the last one of a page.
    pub(super) drafts: Vec<DocumentDraft>,
    /// The documents of the items that the upstream states as deleted.
    pub(super) deleted: Vec<DocumentId>,
    /// The rejected items.
    pub(super) rejections: Vec<Rejection>,
    /// The documents of rejected items with a key: earlier versions stay.
    pub(super) kept: Vec<DocumentId>,
    /// The pause before the next request that the response asks for, up to the limit.
    pub(super) wait: Duration,
}

impl ParsedPage {
    /// Creates the empty page of a response that ends the list with its status, or states that there is none.
    pub(super) fn end(status: u16, is_absent: bool) -> Self {
        let facts = PageFacts { is_absent, ..PageFacts::end(status) };
        Self { facts, ..Self::default() }
    }
}

/// Parses a page with the mapping of the source.
///
/// `highest` is the highest value of the field for changes before the page, which arrived at `now`.
pub(super) fn parse_page(
    config: &SourceConfig,
    page: FetchedPage,
    highest: Option<&str>,
    now: Timestamp,
) -> ParsedPage {
    let mut builder = PageBuilder::default();
    builder.facts.items = page.items.len() as u64;
    builder.facts.total = page.total;
    builder.facts.pages = page.pages;
    builder.facts.next = page.next;
    builder.facts.has_more = page.has_more;
    builder.facts.error = page.error;
    builder.facts.frame = page.frame;
    builder.facts.etag = page.etag;
    builder.wait = page.wait.unwrap_or_default().min(config.max_retry_after);
    let since = config.since.as_ref().map(|since| (since, latest(now, since.overlap)));
    if let (Some((_, latest)), Some(highest)) = (since, highest) {
        builder.highest = SinceValue::of(highest.to_owned(), latest);
    }
    for item in page.items {
        if let (Some((since, latest)), Ok(content)) = (since, &item.content) {
            let value = content.pointer(since.field.as_str()).and_then(scalar_text).map(Cow::into_owned);
            let value = value.and_then(|value| SinceValue::of(value, latest));
            builder.highest = match (builder.highest.take(), value) {
                (Some(highest), Some(value)) => Some(highest.max(value)),
                (highest, value) => highest.or(value),
            };
        }
        match map_item(&config.name, &config.fields, item) {
            Ok(MappedItem::Document(draft)) => builder.add(draft.key.clone(), Some(*draft)),
            Ok(MappedItem::Deleted(key)) => builder.add(key, None),
            Err(error) => builder.reject(config, error),
        }
    }
    builder.finish(config)
}

/// The items of a page so far.
#[derive(Default)]
struct PageBuilder {
    facts: PageFacts,
    wait: Duration,
    highest: Option<SinceValue>,
    /// The last item of each key: a document, or none if it is deleted.
    latest: Vec<(DocumentKey, Option<DocumentDraft>)>,
    index_of_key: HashMap<DocumentKey, usize>,
    rejections: Vec<Rejection>,
    kept: Vec<DocumentId>,
    /// The keys in order, one per line, which differ for two different lists: keys contain no line breaks.
    lines: String,
}

impl PageBuilder {
    fn add(&mut self, key: DocumentKey, draft: Option<DocumentDraft>) {
        self.lines += key.as_str();
        self.lines.push('\n');
        let Some(index) = self.index_of_key.get(&key) else {
            self.index_of_key.insert(key.clone(), self.latest.len());
            self.latest.push((key, draft));
            return;
        };
        let earlier = &mut self.latest[*index].1;
        if earlier.is_some() && draft.is_some() && *earlier != draft {
            self.facts.conflict.get_or_insert_with(|| {
                let shown: String = key.as_str().chars().take(MAX_KEY_CHARS).collect();
                format!(
                    "two different items of the page have the key \"{shown}\": set `fields.key` to a list of pointers"
                )
            });
        }
        *earlier = draft;
    }

    fn reject(&mut self, config: &SourceConfig, error: ItemError) {
        self.lines.push('\n');
        self.facts.rejected += 1;
        self.facts.keyless += u64::from(matches!(error, ItemError::NoKey { .. }));
        let reason = error.to_string();
        self.facts.rejection.get_or_insert_with(|| reason.clone());
        let key = error.into_key();
        self.kept.extend(key.as_ref().map(|key| DocumentId::of(&config.name, key)));
        self.rejections.push(Rejection { key: key.map(|key| key.as_str().to_owned()), reason });
    }

    fn finish(self, config: &SourceConfig) -> ParsedPage {
        let mut facts = self.facts;
        facts.highest = self.highest.map(SinceValue::into_text);
        facts.hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.lines.as_bytes()).simple().to_string();
        let (mut drafts, mut deleted) = (Vec::with_capacity(self.latest.len()), Vec::new());
        for (key, draft) in self.latest {
            match draft {
                Some(draft) => drafts.push(draft),
                None => deleted.push(DocumentId::of(&config.name, &key)),
            }
        }
        facts.deleted = deleted.len() as u64;
        facts.documents = drafts.iter().map(|draft| draft.id().0).collect();
        ParsedPage { facts, drafts, deleted, rejections: self.rejections, kept: self.kept, wait: self.wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{config, config_with, json_of, now, pointer};
    use crate::json::Json;

    fn parse(items: &str) -> ParsedPage {
        let mut config = config();
        config.fields.deleted = Some(pointer("/deleted"));
        let Ok(Json::Array(items)) = Json::parse(items) else { panic!("no array: {items}") };
        let items = items.into_iter().map(Into::into).collect();
        parse_page(&config, FetchedPage { items, ..FetchedPage::default() }, None, now())
    }

    fn texts(page: &ParsedPage) -> Vec<&str> {
        page.drafts.iter().map(|draft| draft.text.as_str()).collect()
    }

    #[test]
    fn different_items_with_one_key_are_a_conflict() {
        let page =
            parse(r#"[{"id":1,"text":"a"},{"id":1,"text":"b"},{"id":2,"text":"c"},{"id":1,"text":"b"}]"#);
        assert_eq!(texts(&page), ["b", "c"]);
        let conflict = page.facts.conflict.as_deref();
        assert_eq!(
            conflict,
            Some(
                "two different items of the page have the key \"1\": set `fields.key` to a list of pointers"
            )
        );
        assert_eq!(page.facts.documents.len(), 2);
        let same = parse(r#"[{"id":1,"text":"a","x":1.0},{"id":1,"text":"a","x":1.0}]"#);
        assert_eq!((same.facts.conflict, same.drafts.len()), (None, 1));
    }

    #[test]
    fn rejected_items_keep_their_key_and_reason() {
        let page = parse(r#"[{"id":1},{"text":"x"},{"id":2,"text":"y"}]"#);
        let rejections: Vec<_> = page
            .rejections
            .iter()
            .map(|rejection| (rejection.key.as_deref(), rejection.reason.as_str()))
            .collect();
        assert_eq!(
            rejections,
            [
                (Some("1"), "text is missing at \"/text\", and there is no title"),
                (None, "no key at \"/id\" (the item has the fields text)"),
            ]
        );
        assert_eq!((page.facts.items, page.facts.rejected, page.facts.keyless), (3, 2, 1));
        assert_eq!((page.kept.len(), &page.facts.documents[..]), (1, &[page.drafts[0].id().0][..]));
    }

    #[test]
    fn the_last_item_of_a_key_decides_if_it_is_deleted() {
        let page = parse(
            r#"[{"id":1,"text":"a","deleted":1},{"id":2,"text":"b"},{"id":2,"deleted":true},
                {"id":3,"deleted":true},{"id":3,"text":"c","deleted":false}]"#,
        );
        assert_eq!(texts(&page), ["c"]);
        assert_eq!((page.facts.deleted, page.deleted.len(), page.facts.conflict), (2, 2, None));
    }

    #[test]
    fn the_highest_value_is_that_of_changes_until_now() {
        let config = config_with("since = { param = \"since\", field = \"/changed\" }");
        let highest = |before: Option<&str>, changes: &[&str]| {
            let item =
                |change: &&str| json_of(&serde_json::json!({"id": change, "text": "t", "changed": change}));
            let items = changes.iter().map(|change| item(change).into()).collect();
            parse_page(&config, FetchedPage { items, ..FetchedPage::default() }, before, now()).facts.highest
        };
        let (past, later) = ("2026-11-18T08:00:00Z", "2026-11-19T08:00:00Z");
        assert_eq!(highest(None, &[past, "9999-12-31T00:00:00Z", "never"]).as_deref(), Some(past));
        assert_eq!(highest(Some(later), &[past, "2027-06-01T08:00:00Z"]).as_deref(), Some(later));
        assert_eq!(highest(Some("2027-06-01T08:00:00Z"), &[past]).as_deref(), Some(past));
        assert_eq!(highest(None, &["2027-06-01T08:00:00Z"]), None);
    }
}
