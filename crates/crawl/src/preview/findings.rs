//! The fields, rejections and attributes of previewed items.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::declared::DeclaredAttributes;
use crate::json::Json;
use crate::mapping::{MappedItem, are_mostly_rejected, map_item, scalar_text};
use crate::upstream::{FetchedPage, UpstreamItem};
use quarry_config::{JsonPointer, KeyPart, OnReject, SourceConfig};

/// The number of characters of a value that a preview shows.
const SHOWN_CHARS: usize = 60;
/// The number of duplicate keys and of attributes that a preview lists.
const MAX_LISTED: usize = 40;

/// A configured field, and the items that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldFinding {
    /// The name of the setting.
    pub field: &'static str,
    /// The pointers of the setting.
    pub pointer: String,
    #[serde(skip)]
    parts: Vec<KeyPart>,
    /// The number of items with a value.
    pub found: usize,
    /// The number of items.
    pub of: usize,
    /// The first value, shortened; of a date, the parsed one.
    pub example: Option<String>,
    /// The number of values that are not readable.
    pub unreadable: usize,
    /// The first value that is not readable.
    pub unreadable_example: Option<String>,
}

/// Rejected items with one reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RejectedItems {
    /// The reason.
    pub reason: String,
    /// The number of items.
    pub items: usize,
    /// The positions of the first ones among all items, from 0.
    pub positions: Vec<usize>,
}

/// The findings about the items of a preview.
pub(super) struct Findings<'a> {
    config: &'a SourceConfig,
    items: Vec<UpstreamItem>,
    deleted: usize,
    /// The number of items before each page.
    starts: Vec<usize>,
    fields: Vec<FieldFinding>,
    rejections: Vec<RejectedItems>,
    attributes: BTreeMap<String, usize>,
    declared: DeclaredAttributes<'a>,
    /// The positions of the items by key.
    keys: HashMap<String, Vec<usize>>,
    duplicates: Vec<String>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(config: &'a SourceConfig) -> Self {
        let field = |field, parts: Vec<KeyPart>| FieldFinding {
            field,
            pointer: parts.iter().map(KeyPart::as_str).collect::<Vec<_>>().join(", "),
            parts,
            found: 0,
            of: 0,
            example: None,
            unreadable: 0,
            unreadable_example: None,
        };
        let fields = &config.fields;
        let parts = |pointers: &[JsonPointer]| pointers.iter().cloned().map(KeyPart::Pointer).collect();
        let title = fields.title.iter().map(|list| field("title", parts(list.pointers())));
        let optional = [
            ("category", &fields.category),
            ("author_key", &fields.author_key),
            ("author_name", &fields.author_name),
            ("published_at", &fields.published_at),
        ];
        let required =
            [field("key", fields.key.parts().to_vec()), field("text", parts(fields.text.pointers()))];
        let optional = optional
            .into_iter()
            .filter_map(|(name, pointer)| Some(field(name, parts(std::slice::from_ref(pointer.as_ref()?)))));
        let fields = required.into_iter().chain(title).chain(optional);
        Self {
            config,
            items: Vec::new(),
            deleted: 0,
            starts: Vec::new(),
            fields: fields.collect(),
            rejections: Vec::new(),
            attributes: BTreeMap::new(),
            declared: DeclaredAttributes::new(&config.attributes),
            keys: HashMap::new(),
            duplicates: Vec::new(),
        }
    }

    /// Adds the items of a page.
    pub(super) fn add(&mut self, page: &FetchedPage) {
        self.starts.push(self.items.len());
        for item in &page.items {
            let position = self.items.len();
            let mapped = map_item(&self.config.name, &self.config.fields, item.clone());
            let (draft, is_read) = match &mapped {
                Ok(MappedItem::Document(draft)) => (Some(draft), true),
                Ok(MappedItem::Deleted(_)) | Err(_) => (None, false),
            };
            let published_at = draft.and_then(|draft| draft.published_at);
            for field in &mut self.fields {
                field.add(item, published_at.map(|at| at.to_rfc3339()), is_read);
            }
            match mapped {
                Ok(MappedItem::Document(draft)) => {
                    let attributes = Json::parse(&draft.attributes).unwrap_or_default();
                    for name in attributes.as_object().into_iter().flat_map(BTreeMap::keys) {
                        *self.attributes.entry(name.clone()).or_default() += 1;
                    }
                    self.declared.add(&draft.attributes);
                    self.add_key(draft.key.as_str(), position);
                }
                Ok(MappedItem::Deleted(key)) => {
                    self.deleted += 1;
                    self.add_key(key.as_str(), position);
                }
                Err(rejection) => self.reject(position, rejection.to_string()),
            }
            self.items.push(item.clone());
        }
    }

    fn add_key(&mut self, key: &str, position: usize) {
        let positions = self.keys.entry(key.to_owned()).or_default();
        positions.push(position);
        if positions.len() == 2 {
            self.duplicates.push(key.to_owned());
        }
    }

    fn reject(&mut self, position: usize, reason: String) {
        match self.rejections.iter_mut().find(|rejected| rejected.reason == reason) {
            Some(rejected) => {
                rejected.items += 1;
                if rejected.positions.len() < 5 {
                    rejected.positions.push(position);
                }
            }
            None => self.rejections.push(RejectedItems { reason, items: 1, positions: vec![position] }),
        }
    }

    /// Returns the values of the items that are readable.
    pub(super) fn values(&self) -> Vec<&Json> {
        self.items.iter().filter_map(|item| item.content.as_ref().ok()).collect()
    }

    /// Returns the number of items.
    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    /// Returns the number of items that the upstream states as deleted.
    pub(super) fn deleted(&self) -> usize {
        self.deleted
    }

    /// Returns the number of rejected items.
    pub(super) fn rejected(&self) -> usize {
        self.rejections.iter().map(|rejected| rejected.items).sum()
    }

    /// Returns true if more than half of the items are rejected, so that a crawl does not complete.
    pub(super) fn are_mostly_rejected(&self) -> bool {
        are_mostly_rejected(self.rejected() as u64, self.items.len() as u64)
    }

    /// Returns true if the rejected items keep a crawl from being complete.
    pub(super) fn prevents_crawls(&self) -> bool {
        let fails = self.config.on_reject == OnReject::Fail && self.rejected() > 0;
        fails || self.are_mostly_rejected()
    }

    pub(super) fn rejections(&self) -> Vec<RejectedItems> {
        self.rejections.clone()
    }

    pub(super) fn fields(&self) -> Vec<FieldFinding> {
        self.fields.clone()
    }

    /// Describes the declared attributes that no document has.
    pub(super) fn missing_attributes(&self) -> Vec<String> {
        let names: Vec<String> = self.attributes().into_iter().map(|(name, _)| name).collect();
        if names.is_empty() { Vec::new() } else { self.declared.problems(&names.join(", ")) }
    }

    /// Returns the attributes, the most frequent first.
    pub(super) fn attributes(&self) -> Vec<(String, usize)> {
        let mut all: Vec<(String, usize)> = self.attributes.clone().into_iter().collect();
        all.sort_by_key(|(_, items)| std::cmp::Reverse(*items));
        all.truncate(MAX_LISTED);
        all
    }

    pub(super) fn duplicate_keys(&self) -> Vec<String> {
        self.duplicates.iter().take(MAX_LISTED).cloned().collect()
    }

    /// Returns the keys of different items of one page.
    pub(super) fn merged_keys(&self) -> Vec<&str> {
        let page_of = |position: &usize| self.starts.partition_point(|start| start <= position);
        let is_merged = |positions: &[usize]| {
            positions.iter().any(|one| {
                positions
                    .iter()
                    .any(|other| page_of(one) == page_of(other) && self.items[*one] != self.items[*other])
            })
        };
        self.duplicates.iter().filter(|key| is_merged(&self.keys[*key])).map(String::as_str).collect()
    }

    /// Returns true if a page was received.
    pub(super) fn has_pages(&self) -> bool {
        !self.starts.is_empty()
    }

    /// Returns true for items of which no received page has any.
    pub(super) fn are_others(&self, items: &[UpstreamItem]) -> bool {
        let is_known =
            |item: &UpstreamItem| match map_item(&self.config.name, &self.config.fields, item.clone()) {
                Ok(MappedItem::Document(draft)) => self.keys.contains_key(draft.key.as_str()),
                Ok(MappedItem::Deleted(key)) => self.keys.contains_key(key.as_str()),
                Err(_) => self.items.contains(item),
            };
        !items.is_empty() && !items.iter().any(is_known)
    }

    /// Returns true if a page has items, and all of them were on earlier pages: by key, or as a whole without one.
    pub(super) fn repeats_page(&self) -> bool {
        let keys: HashMap<usize, &String> = self
            .keys
            .iter()
            .flat_map(|(key, positions)| positions.iter().map(move |at| (*at, key)))
            .collect();
        let ends = self.starts.iter().skip(1).copied().chain([self.items.len()]);
        self.starts.iter().zip(ends).skip(1).any(|(start, end)| {
            let is_earlier = |at: usize| {
                (0..*start).any(|earlier| match (keys.get(&earlier), keys.get(&at)) {
                    (Some(earlier), Some(key)) => earlier == key,
                    _ => self.items[earlier] == self.items[at],
                })
            };
            *start < end && (*start..end).all(is_earlier)
        })
    }
}

impl FieldFinding {
    /// Adds an item; `is_read` states that it became a document.
    fn add(&mut self, item: &UpstreamItem, published_at: Option<String>, is_read: bool) {
        self.of += 1;
        let values: Vec<Option<Json>> = self.parts.iter().map(|part| value_at(item, part)).collect();
        // All parts of a key are required, and one text of several.
        if self.field == "key" && values.iter().any(Option::is_none) {
            return;
        }
        let values: Vec<Json> = values.into_iter().flatten().collect();
        if values.is_empty() {
            return;
        }
        let is_date = self.field == "published_at";
        let shown = || {
            let texts: Vec<String> = values.iter().map(text_of).collect();
            shortened(&texts.join(if self.field == "key" { "/" } else { " " }))
        };
        let is_scalar = values.iter().all(|value| scalar_text(value).is_some());
        let is_readable = if is_date { published_at.is_some() || !is_read } else { is_scalar };
        let example = published_at.filter(|_| is_date).unwrap_or_else(shown);
        if is_readable {
            self.found += 1;
            self.example.get_or_insert(example);
        } else {
            self.unreadable += 1;
            self.unreadable_example.get_or_insert(example);
        }
    }
}

/// Returns the value of a part, unless it is missing or blank.
fn value_at(item: &UpstreamItem, part: &KeyPart) -> Option<Json> {
    let value = match part {
        KeyPart::MemberName => item.name.clone().map(Json::String),
        KeyPart::Pointer(pointer) => item.content.as_ref().ok()?.pointer(pointer.as_str()).cloned(),
        KeyPart::Constant(value) => Some(Json::String(value.clone())),
        KeyPart::Parent(_) => None,
    };
    let is_blank =
        |value: &Json| *value == Json::Null || value.as_str().is_some_and(|text| text.trim().is_empty());
    value.filter(|value| !is_blank(value))
}

fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a text on one line, shortened.
fn shortened(text: &str) -> String {
    let mut shown: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
