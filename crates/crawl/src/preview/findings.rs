//! The fields, rejections and attributes of previewed items.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use crate::mapping::map_item;
use crate::upstream::FetchedPage;
use quarry_config::{JsonPointer, SourceConfig};

/// The number of characters of a value that a preview shows.
const SHOWN_CHARS: usize = 60;
/// The number of duplicate keys and of attributes that a preview lists.
const MAX_LISTED: usize = 40;

/// A configured field, and the items that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldFinding {
    /// The name of the setting.
    pub field: &'static str,
    /// The pointer of the setting.
    pub pointer: String,
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
    items: Vec<Value>,
    /// The number of items before each page.
    starts: Vec<usize>,
    fields: Vec<FieldFinding>,
    rejections: Vec<RejectedItems>,
    attributes: BTreeMap<String, usize>,
    /// The positions of the items by key.
    keys: HashMap<String, Vec<usize>>,
    duplicates: Vec<String>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(config: &'a SourceConfig) -> Self {
        let field = |field, pointer: &JsonPointer| FieldFinding {
            field,
            pointer: pointer.as_str().to_owned(),
            found: 0,
            of: 0,
            example: None,
            unreadable: 0,
            unreadable_example: None,
        };
        let fields = &config.fields;
        let optional = [
            ("title", &fields.title),
            ("category", &fields.category),
            ("author_key", &fields.author_key),
            ("author_name", &fields.author_name),
            ("published_at", &fields.published_at),
        ];
        let required = [field("key", &fields.key), field("text", &fields.text)].into_iter();
        let fields = required
            .chain(optional.into_iter().filter_map(|(name, pointer)| Some(field(name, pointer.as_ref()?))));
        Self {
            config,
            items: Vec::new(),
            starts: Vec::new(),
            fields: fields.collect(),
            rejections: Vec::new(),
            attributes: BTreeMap::new(),
            keys: HashMap::new(),
            duplicates: Vec::new(),
        }
    }

    /// Adds the items of a page.
    pub(super) fn add(&mut self, page: &FetchedPage) {
        self.starts.push(self.items.len());
        for item in &page.items {
            let position = self.items.len();
            let mapped = map_item(&self.config.name, &self.config.fields, item);
            let published_at = mapped.as_ref().ok().and_then(|draft| draft.published_at);
            for field in &mut self.fields {
                field.add(item, published_at.map(|at| at.to_rfc3339()), mapped.is_ok());
            }
            match mapped {
                Ok(draft) => {
                    for name in draft.attributes.keys() {
                        *self.attributes.entry(name.clone()).or_default() += 1;
                    }
                    let key = draft.key.as_str().to_owned();
                    let positions = self.keys.entry(key.clone()).or_default();
                    positions.push(position);
                    if positions.len() == 2 {
                        self.duplicates.push(key);
                    }
                }
                Err(rejection) => self.reject(position, rejection.to_string()),
            }
            self.items.push(item.clone());
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

    /// Returns the items.
    pub(super) fn items(&self) -> &[Value] {
        &self.items
    }

    /// Returns the number of rejected items.
    pub(super) fn rejected(&self) -> usize {
        self.rejections.iter().map(|rejected| rejected.items).sum()
    }

    pub(super) fn rejections(&self) -> Vec<RejectedItems> {
        self.rejections.clone()
    }

    pub(super) fn fields(&self) -> Vec<FieldFinding> {
        self.fields.clone()
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

    /// Returns true if a page has items, and all of them were on earlier pages.
    pub(super) fn repeats_page(&self) -> bool {
        let key_of =
            |position: usize| self.keys.iter().find(|(_, at)| at.contains(&position)).map(|(key, _)| key);
        let ends = self.starts.iter().skip(1).copied().chain([self.items.len()]);
        self.starts.iter().zip(ends).skip(1).any(|(start, end)| {
            let earlier: HashSet<&String> = (0..*start).filter_map(key_of).collect();
            let mut keys = (*start..end).filter_map(key_of).peekable();
            keys.peek().is_some() && keys.all(|key| earlier.contains(key))
        })
    }
}

impl FieldFinding {
    fn add(&mut self, item: &Value, published_at: Option<String>, is_mapped: bool) {
        self.of += 1;
        let value = item.pointer(&self.pointer);
        let Some(value) = value.filter(|value| !is_blank(value)) else { return };
        let is_date = self.field == "published_at";
        let is_readable = if is_date { published_at.is_some() || !is_mapped } else { is_scalar(value) };
        if is_readable {
            self.found += 1;
            let text = published_at.filter(|_| is_date).unwrap_or_else(|| shown(value));
            self.example.get_or_insert(text);
        } else {
            self.unreadable += 1;
            self.unreadable_example.get_or_insert_with(|| shown(value));
        }
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Returns a value on one line, shortened.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut shown: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
