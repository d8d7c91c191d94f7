//! The best document of each value of a field.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::document::GROUP_MARK;
use super::mapping::group_field_of;
use crate::engine::SearchError;

/// The values of a field that are counted: as many as the engine's own limit of buckets permits.
const MAX_GROUPS: usize = 65_000;

/// The matching documents of a search by the values of a field.
pub(super) struct DistinctGroups {
    field: String,
    /// The documents of each value in the tiers so far.
    documents: HashMap<String, u64>,
    /// The documents without a value.
    alone: u64,
}

impl DistinctGroups {
    pub(super) fn by(name: &str) -> Self {
        Self { field: group_field_of(name), documents: HashMap::new(), alone: 0 }
    }

    /// Returns the number of hits of all tiers so far.
    pub(super) fn hits(&self) -> u64 {
        self.documents.len() as u64 + self.alone
    }

    /// Requests the best documents of values that no earlier tier found.
    pub(super) fn restrict(&self, body: &mut Value) {
        body["collapse"] = json!({ "field": self.field });
        if !self.documents.is_empty() {
            // After the aggregations, which count all documents.
            let known: Vec<&String> = self.documents.keys().collect();
            body["post_filter"] = json!({ "bool": { "must_not": [{ "terms": { &self.field: known } }] } });
        }
        body["aggs"]["groups"] = json!({ "terms": {
            "field": self.field,
            "include": format!("{GROUP_MARK}.*"),
            "size": MAX_GROUPS,
            "shard_size": MAX_GROUPS,
        } });
        body["aggs"]["documents"] = json!({ "filter": { "match_all": {} } });
    }

    /// Adds the documents of a tier, and returns their number.
    pub(super) fn add(&mut self, answer: &Value) -> Result<u64, SearchError> {
        let counted = &answer["aggregations"]["groups"];
        if counted["sum_other_doc_count"].as_u64().unwrap_or(0) > 0 {
            return Err(SearchError::Unsupported("`distinct` by a field with more than 65,000 values"));
        }
        let documents = answer["aggregations"]["documents"]["doc_count"].as_u64().unwrap_or(0);
        let mut with_value = 0;
        for bucket in counted["buckets"].as_array().into_iter().flatten() {
            if let (Some(value), Some(count)) = (bucket["key"].as_str(), bucket["doc_count"].as_u64()) {
                *self.documents.entry(value.to_owned()).or_default() += count;
                with_value += count;
            }
        }
        self.alone += documents.saturating_sub(with_value);
        Ok(documents)
    }

    /// Returns the group of a hit.
    pub(super) fn group_of(&self, hit: &Value) -> String {
        hit["fields"][&self.field][0].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the number of the other documents of a group.
    pub(super) fn others(&self, group: &str) -> u64 {
        self.documents.get(group).map_or(0, |documents| documents.saturating_sub(1))
    }
}
