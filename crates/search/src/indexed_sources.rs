//! The sources' settings that the index depends on, and the values that do not fit them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tracing::warn;
use uuid::Uuid;

use crate::analysis::languages_of;
use crate::attribute_values::{AttributeValues, ExtractedAttributes, extract};
use crate::attributes::Attributes;
use crate::field_weights::FieldWeights;
use quarry_config::{AttributeUse, Language, LanguageSetting};
use quarry_domain::{Document, SourceName};
use quarry_runtime::metrics::{Labels, Series};

/// The languages of each source's documents.
pub(super) type Languages = BTreeMap<SourceName, LanguageSetting>;

/// Languages and attributes by source.
pub(super) struct IndexedSources {
    languages: Languages,
    pub(super) attributes: Arc<Attributes>,
    /// Values that are not indexed, by source and attribute.
    mismatches: Mutex<BTreeMap<(SourceName, String), Counter>>,
}

/// Returns a text that differs if the index of these languages, attributes and weighted fields does.
pub(super) fn digest_of(languages: &Languages, attributes: &Attributes, weights: &FieldWeights) -> String {
    // A new source with the default language does not affect the present documents.
    let special = languages.iter().filter(|(_, language)| **language != LanguageSetting::default());
    let languages: Vec<String> =
        special.map(|(source, language)| format!("{source}\0{language:?}")).collect();
    let weighted: String = weights.fields().map(|field| format!("\0{field:?}")).collect();
    let content = languages.join("\0\0") + &attributes.identity() + &weighted;
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes());
    digest.simple().to_string()[..8].to_owned()
}

impl IndexedSources {
    pub(super) fn new(languages: Languages, attributes: Arc<Attributes>) -> Self {
        Self { languages, attributes, mismatches: Mutex::default() }
    }

    /// Returns the languages of a document.
    pub(super) fn languages_of(&self, document: &Document) -> Vec<Language> {
        static DEFAULT: LazyLock<LanguageSetting> = LazyLock::new(LanguageSetting::default);
        let setting = self.languages.get(&document.source).unwrap_or(&DEFAULT);
        languages_of(setting, document.title.as_deref(), &document.text)
    }

    /// Returns the declared attributes of a document, and counts values that are not indexed.
    pub(super) fn attributes_of(&self, document: &Document) -> ExtractedAttributes<'_> {
        let extracted = extract(self.attributes.of_source(&document.source), &document.attributes);
        for name in &extracted.mismatches {
            self.count_mismatch(&document.source, name);
        }
        extracted
    }

    /// Returns the searched texts of attributes, with their names.
    pub(super) fn searched_texts(&self, document: &Document) -> Vec<(&str, String)> {
        let declared = self.attributes.of_source(&document.source);
        if !declared.iter().any(|attribute| attribute.has(AttributeUse::Search)) {
            return Vec::new();
        }
        extract(declared, &document.attributes).texts
    }

    /// Returns the values of the attributes of a document, with their names.
    pub(super) fn values_of(&self, document: &Document) -> Vec<(&str, AttributeValues)> {
        extract(self.attributes.of_source(&document.source), &document.attributes).values
    }

    fn count_mismatch(&self, source: &SourceName, attribute: &str) {
        let mut mismatches = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = mismatches.entry((source.clone(), attribute.to_owned())).or_default();
        // Once, since a wrong declaration does not fit any document.
        if counter.inc() == 0 {
            let kind = self.attributes.get(attribute).map_or("", |declared| declared.kind.name());
            warn!(
                %source,
                attribute,
                kind,
                "a value of an attribute has another type than declared, is too long, or follows 1,000 others: it \
                 stays in `attributes`, but is not indexed (quarry_attribute_mismatches_total counts such documents)"
            );
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let mismatches = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        let labels = |(source, attribute): &(SourceName, String)| -> Labels<2> {
            [("source", source.as_str().to_owned()), ("attribute", attribute.clone())]
        };
        let series = mismatches.iter().map(|(key, counter)| (labels(key), counter.clone()));
        registry.register(
            "attribute_mismatches",
            "Indexed documents with a value of a declared attribute that is not indexed",
            Series::from_iter(series),
        );
    }
}
