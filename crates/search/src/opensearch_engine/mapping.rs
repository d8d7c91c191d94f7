//! The fields of an index. quarry's own analysis makes the terms: the engine divides them at blanks.

use serde_json::{Map, Value, json};

use crate::attributes::{Attributes, DeclaredAttribute};
use crate::field_weights::{FieldWeights, WeightedField};
use crate::request::{CalendarUnit, LABEL_FIELDS};
use quarry_config::{AttributeType, AttributeUse};

/// The version of the fields and their content; an index of another version is rebuilt.
pub(super) const SCHEMA_VERSION: u32 = 5;

/// The hits before which a page may begin.
pub(super) const MAX_WINDOW: usize = 20_000;

/// All terms of a document: words, spellings, stems and names.
pub(super) const TERMS: &str = "terms";
/// Its words alone, at their positions.
pub(super) const WORDS: &str = "words";
/// The first stem of each word in each of its languages, at their positions.
pub(super) const STEMS: &str = "stems";
/// The terms of the title.
pub(super) const TITLE: &str = "title";
/// Unmarked terms, by whose beginnings documents are found.
pub(super) const PREFIXES: &str = "prefixes";
/// Unmarked terms without digits, and their beginnings.
pub(super) const LETTERS: &str = "letters";
pub(super) const BEGINNINGS: &str = "beginnings";
/// Reversed stems of long words.
pub(super) const SUFFIXES: &str = "suffixes";
/// Title and text, each as one term if it is short.
pub(super) const WHOLE: &str = "whole";
/// Each unmarked term once, to complete words.
pub(super) const VOCABULARY: &str = "vocabulary";
/// The values of attributes that complete a typed text: folded words, a separator and the spelling.
pub(super) const SUGGESTED: &str = "suggested";
pub(super) const ID: &str = "id";
pub(super) const SOURCE: &str = "source";
pub(super) const CATEGORY: &str = "category";
pub(super) const AUTHOR_KEY: &str = "author_key";
pub(super) const PUBLISHED_AT: &str = "published_at";
pub(super) const DOCUMENT: &str = "document";
pub(super) const WATERMARK: &str = "watermark";

/// Longer values are no terms: the engine rejects terms of 32 KiB.
const MAX_KEYWORD_CHARS: usize = 8_000;

/// Returns the name of a label field or attribute in the index.
pub(super) fn field_of(name: &str) -> String {
    match name {
        "source" => SOURCE.to_owned(),
        "category" => CATEGORY.to_owned(),
        "authorKey" => AUTHOR_KEY.to_owned(),
        name => format!("attribute_{name}"),
    }
}

/// Returns the name of the field with the beginnings of the words of another one.
///
/// Those that the engine makes of prefixes have no name in Elasticsearch.
pub(super) fn beginnings_of(field: &str) -> String {
    format!("{BEGINNINGS}_{field}")
}

/// Returns the name of the field that is true for documents with a point.
///
/// By distance, the engine puts documents without one first in a descending order.
pub(super) fn placed_field_of(name: &str) -> String {
    format!("placed_{name}")
}

/// The beginning of the names of fields with the value by which documents are grouped.
const GROUP: &str = "group_";

/// Returns the name of the field with the first value of a label field or attribute; without one, documents have a
/// value of their own.
pub(super) fn group_field_of(name: &str) -> String {
    format!("{GROUP}{name}")
}

/// Returns the fields by whose values documents may be grouped.
pub(super) fn grouped(attributes: &Attributes) -> impl Iterator<Item = &str> {
    let has_facets = |attribute: &DeclaredAttribute| {
        attribute.has(AttributeUse::Facet)
            && !matches!(attribute.kind, AttributeType::Text | AttributeType::Geo)
    };
    let declared = attributes.iter().filter(move |(_, attribute)| has_facets(attribute));
    LABEL_FIELDS.into_iter().chain(declared.map(|(name, _)| name))
}

/// The units of the calendar by which dates are counted.
pub(super) const CALENDAR_UNITS: [CalendarUnit; 4] =
    [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter, CalendarUnit::Year];

/// Returns the name of the field with the starts of the units that contain the dates of an attribute.
///
/// The engine's own units need another type, in which dates have milliseconds alone.
pub(super) fn calendar_field_of(name: &str, unit: CalendarUnit) -> String {
    let unit = match unit {
        CalendarUnit::Week => "week",
        CalendarUnit::Month => "month",
        CalendarUnit::Quarter => "quarter",
        CalendarUnit::Year => "year",
    };
    format!("{unit}_{name}")
}

/// The names of BM25 with the factor `k1 + 1`, in the order in which a new index tries them.
///
/// OpenSearch 3 omits the factor by default; OpenSearch 2 and Elasticsearch only know the second name.
pub(super) const SIMILARITIES: [&str; 2] = ["LegacyBM25", "BM25"];

/// Returns settings and fields of a new index.
pub(super) fn index(attributes: &Attributes, weights: &FieldWeights, shards: u32, replicas: u32) -> Value {
    let text = |options: &str, norms: bool| json!({ "type": "text", "analyzer": "whitespace", "index_options": options, "norms": norms });
    let begun = || {
        let mut field = text("docs", false);
        // Prefixes of up to ten characters are terms of their own: their ranges are large.
        field["index_prefixes"] = json!({ "min_chars": 1, "max_chars": 10 });
        field
    };
    let label = || json!({ "type": "keyword", "ignore_above": MAX_KEYWORD_CHARS });
    let mut fields = Map::new();
    let mut add = |name: &str, field: Value| fields.insert(name.to_owned(), field);
    add(TERMS, text("freqs", true));
    add(WORDS, text("positions", true));
    add(STEMS, text("positions", false));
    add(PREFIXES, begun());
    for of in [TITLE.to_owned()].into_iter().chain(weights.fields().map(WeightedField::index_name)) {
        add(&of, begun());
        add(&beginnings_of(&of), text("docs", false));
    }
    add(LETTERS, text("docs", false));
    add(BEGINNINGS, text("docs", false));
    add(SUFFIXES, text("docs", false));
    for name in [WHOLE, VOCABULARY, ID, SOURCE, CATEGORY, AUTHOR_KEY] {
        add(name, label());
    }
    add(PUBLISHED_AT, json!({ "type": "long" }));
    for (name, attribute) in attributes.iter() {
        let field = match attribute.kind {
            AttributeType::Text => continue,
            AttributeType::String | AttributeType::Boolean => label(),
            AttributeType::Number => json!({ "type": "double" }),
            AttributeType::Date => json!({ "type": "long" }),
            AttributeType::Geo => json!({ "type": "geo_point" }),
        };
        add(&field_of(name), field);
        if attribute.kind == AttributeType::Geo {
            add(&placed_field_of(name), json!({ "type": "boolean" }));
        }
        if attribute.kind == AttributeType::Date && attribute.has(AttributeUse::Facet) {
            for unit in CALENDAR_UNITS {
                add(&calendar_field_of(name, unit), json!({ "type": "long" }));
            }
        }
    }
    for name in grouped(attributes) {
        add(&group_field_of(name), json!({ "type": "keyword", "index": false }));
    }
    if attributes.suggest() {
        add(SUGGESTED, label());
    }
    let stored = [DOCUMENT, WATERMARK];
    json!({
        "settings": { "index": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            "refresh_interval": "-1",
            "max_result_window": MAX_WINDOW,
            // A forgotten deletion would let a late write bring its document back.
            "gc_deletes": "1h",
        } },
        "mappings": { "dynamic": false, "_source": { "includes": stored }, "properties": fields },
    })
}
