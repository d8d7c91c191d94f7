//! The indexes of this version of quarry: their names, watermarks, and the alias of the one that serves.
//!
//! The watermark is a document of the index itself, so that a restored snapshot has that of its documents.
//! Writing it with the sequence number that was read fences a feeder that lost its lease.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::OpenSearchOptions;
use super::http_client::{HttpClient, NodeAnswer, NodeBody, answer_error, reason};
use super::mapping::{self, ID, SCHEMA_VERSION, SIMILARITIES, WATERMARK};
use crate::analysis::ANALYSIS_VERSION;
use crate::attributes::Attributes;
use crate::engine::{EngineHealth, SearchError};
use crate::field_weights::FieldWeights;
use crate::indexed_sources::digest_of;
use quarry_domain::{DocumentChange, Revision};

/// The largest body of changes, in bytes: enough to amortize a request, few enough for a node's memory.
const BULK_BYTES: usize = 4 << 20;

/// The indexes behind an alias.
pub(super) struct Indexes {
    pub(super) http: Arc<HttpClient>,
    /// The alias of the serving index.
    pub(super) alias: String,
    attributes: Arc<Attributes>,
    weights: FieldWeights,
    shards: u32,
    replicas: u32,
}

/// The position of an index in the changes of a store.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IndexState {
    /// The name of the index.
    pub(super) index: String,
    pub(super) watermark: Option<WatermarkVersion>,
}

/// A watermark with the version of its document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WatermarkVersion {
    pub(super) store: Uuid,
    pub(super) revision: Revision,
    sequence: i64,
    term: i64,
}

impl Indexes {
    pub(super) fn new(http: Arc<HttpClient>, options: &OpenSearchOptions) -> Self {
        let digest = digest_of(&options.languages, &options.attributes, &options.weights);
        let alias = format!("{}-v{SCHEMA_VERSION}.{ANALYSIS_VERSION}.{digest}", options.prefix);
        let OpenSearchOptions { attributes, weights, shards, replicas, .. } = options.clone();
        Self { http, alias, attributes, weights, shards, replicas }
    }

    /// Returns the state of the serving index; `None` without any.
    pub(super) async fn serving(&self) -> Result<Option<IndexState>, SearchError> {
        let answer = self.http.send(Method::GET, &format!("_alias/{}", self.alias), NodeBody::None).await?;
        let names: Vec<&String> = match (answer.status, answer.body.as_object()) {
            (404, _) => return Ok(None),
            (200, Some(indexes)) => indexes.keys().collect(),
            (status, _) => return Err(answer_error(status, &answer.body)),
        };
        match names.as_slice() {
            [index] => Ok(Some(self.state_of(index).await?)),
            _ => Err(SearchError::Failed(format!(
                "the alias {} names {} indexes: remove all but the newest from it",
                self.alias,
                names.len()
            ))),
        }
    }

    /// Returns the state of an index.
    pub(super) async fn state_of(&self, index: &str) -> Result<IndexState, SearchError> {
        let path = format!("{index}/_doc/{WATERMARK}");
        let NodeAnswer { status, body } = self.http.send(Method::GET, &path, NodeBody::None).await?;
        let watermark = match status {
            200 => Some(watermark_of(&body).ok_or_else(|| {
                SearchError::Damaged(format!("the watermark of the index {index} is unreadable"))
            })?),
            404 if body["found"] == false => None,
            status => return Err(answer_error(status, &body)),
        };
        Ok(IndexState { index: index.to_owned(), watermark })
    }

    /// Creates an empty index, which does not serve yet.
    pub(super) async fn create(&self) -> Result<IndexState, SearchError> {
        let suffix = Uuid::new_v4().simple().to_string();
        let index = format!("{}-{}", self.alias, &suffix[..8]);
        let mut settings = mapping::index(&self.attributes, &self.weights, self.shards, self.replicas);
        settings["aliases"] = json!({ write_alias(&index): {} });
        for similarity in SIMILARITIES {
            settings["settings"]["index"]["similarity"] = json!({ "default": { "type": similarity } });
            let NodeAnswer { status, body } =
                self.http.send(Method::PUT, &index, NodeBody::Json(settings.clone())).await?;
            match status {
                200..300 => return Ok(IndexState { index, watermark: None }),
                400 if reason(&body).contains(similarity) => {}
                _ => return Err(answer_error(status, &body)),
            }
        }
        Err(SearchError::Failed("the cluster knows no BM25".to_owned()))
    }

    /// Lets an index serve, and deletes those that served.
    pub(super) async fn serve(&self, index: &str) -> Result<(), SearchError> {
        let answer = self.http.send(Method::GET, &format!("_alias/{}", self.alias), NodeBody::None).await?;
        let served: Vec<String> = match answer.body.as_object() {
            Some(indexes) if answer.status == 200 => {
                indexes.keys().filter(|name| *name != index).cloned().collect()
            }
            _ => Vec::new(),
        };
        let mut actions = vec![json!({ "add": { "index": index, "alias": self.alias } })];
        // In one step, so that each search finds one index.
        actions.extend(served.iter().map(|old| json!({ "remove_index": { "index": old } })));
        self.expect(Method::POST, "_aliases", NodeBody::Json(json!({ "actions": actions }))).await?;
        Ok(())
    }

    /// Writes changes with their revisions as versions, and makes them visible.
    ///
    /// A repeated or older change has no effect.
    pub(super) async fn write(
        &self,
        index: &str,
        changes: &[DocumentChange],
        mut indexed: impl FnMut(&quarry_domain::Document) -> Value,
    ) -> Result<(), SearchError> {
        let mut lines = String::new();
        for change in changes {
            let version = change.revision().value();
            let action = |id: Uuid| json!({ "_id": id.simple().to_string(), "version": version, "version_type": "external" });
            match change {
                DocumentChange::Upserted(_, document) => {
                    lines.push_str(&json!({ "index": action(document.id.0) }).to_string());
                    lines.push('\n');
                    lines.push_str(&indexed(document).to_string());
                }
                DocumentChange::Deleted(_, tombstone) => {
                    lines.push_str(&json!({ "delete": action(tombstone.id.0) }).to_string());
                }
            }
            lines.push('\n');
            if lines.len() >= BULK_BYTES {
                self.bulk(index, std::mem::take(&mut lines)).await?;
            }
        }
        if !lines.is_empty() {
            self.bulk(index, lines).await?;
        }
        let refreshed = self.expect(Method::POST, &format!("{index}/_refresh"), NodeBody::None).await?;
        require_all_shards(&refreshed)
    }

    async fn bulk(&self, index: &str, lines: String) -> Result<(), SearchError> {
        let path = format!(
            "{}/_bulk?require_alias=true&filter_path=errors,items.*.status,items.*.error",
            write_alias(index)
        );
        let body = self.expect(Method::POST, &path, NodeBody::Lines(lines)).await?;
        if body["errors"] != true {
            return Ok(());
        }
        // An answer of 200 may contain failed items.
        for item in body["items"].as_array().into_iter().flatten() {
            let result = item.as_object().and_then(|item| item.values().next()).unwrap_or(&Value::Null);
            match result["status"].as_u64() {
                // The same or a newer version is present; there was nothing to delete.
                Some(200..300 | 404 | 409) => {}
                status => {
                    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
                    return Err(answer_error(status, result));
                }
            }
        }
        Ok(())
    }

    /// Writes the watermark, unless another feeder has written it since `state` was read.
    pub(super) async fn advance(
        &self,
        state: &IndexState,
        store: Uuid,
        revision: Revision,
    ) -> Result<IndexState, SearchError> {
        let IndexState { index, watermark } = state;
        let condition = match watermark {
            Some(known) => format!("if_seq_no={}&if_primary_term={}", known.sequence, known.term),
            None => "op_type=create".to_owned(),
        };
        let body = json!({ WATERMARK: { "store": store.to_string(), "revision": revision.value() } });
        let path = format!("{}/_doc/{WATERMARK}?require_alias=true&{condition}", write_alias(index));
        let NodeAnswer { status, body } = self.http.send(Method::PUT, &path, NodeBody::Json(body)).await?;
        match (status, body["_seq_no"].as_i64(), body["_primary_term"].as_i64()) {
            (200..300, Some(sequence), Some(term)) => {
                let watermark = Some(WatermarkVersion { store, revision, sequence, term });
                Ok(IndexState { index: index.clone(), watermark })
            }
            (409, ..) => Err(SearchError::Unavailable("another server feeds the index".to_owned())),
            _ => Err(answer_error(status, &body)),
        }
    }

    /// Returns the size of the serving index.
    pub(super) async fn health(&self) -> Result<EngineHealth, SearchError> {
        let body = json!({ "query": { "exists": { "field": ID } } });
        let path = format!("{}/_count", self.alias);
        let counted = self.expect(Method::POST, &path, NodeBody::Json(body)).await?;
        require_all_shards(&counted)?;
        let path = format!("{}/_stats/store,segments?filter_path=_all.primaries", self.alias);
        let stats = self.expect(Method::GET, &path, NodeBody::None).await?;
        let of = |path: &str| stats.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        Ok(EngineHealth {
            documents: counted["count"].as_u64().unwrap_or(0),
            segments: usize::try_from(of("/_all/primaries/segments/count")).unwrap_or(usize::MAX),
            bytes: of("/_all/primaries/store/size_in_bytes"),
        })
    }

    /// Returns the answer of a request that must succeed.
    pub(super) async fn expect(
        &self,
        method: Method,
        path: &str,
        body: NodeBody,
    ) -> Result<Value, SearchError> {
        let NodeAnswer { status, body } = self.http.send(method, path, body).await?;
        if (200..300).contains(&status) { Ok(body) } else { Err(answer_error(status, &body)) }
    }
}

/// Returns an error if a shard did not take part.
pub(super) fn require_all_shards(answer: &Value) -> Result<(), SearchError> {
    if answer["_shards"]["failed"] == 0 && answer["timed_out"] != true {
        return Ok(());
    }
    Err(SearchError::Unavailable("not all shards of the index answered".to_owned()))
}

/// Returns the name to which changes are written: a deleted index must not be created by a late write.
fn write_alias(index: &str) -> String {
    format!("{index}.write")
}

fn watermark_of(body: &Value) -> Option<WatermarkVersion> {
    let watermark = &body["_source"][WATERMARK];
    Some(WatermarkVersion {
        store: watermark["store"].as_str()?.parse().ok()?,
        revision: Revision::new(watermark["revision"].as_i64()?),
        sequence: body["_seq_no"].as_i64()?,
        term: body["_primary_term"].as_i64()?,
    })
}
