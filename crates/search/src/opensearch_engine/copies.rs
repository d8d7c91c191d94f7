//! The searches of the serving index, each on the same copies of its shards.
//!
//! A copy counts documents that were replaced until it merges them away, so that scores differ between copies:
//! pages from several ones would repeat and lose hits.

use reqwest::Method;
use serde_json::{Value, json};

use super::http_client::{NodeBody, answer_error};
use super::indexes::{Indexes, require_all_shards};
use crate::cursor::short_digest;
use crate::engine::SearchError;

/// The copies of the shards of the serving index that answer a search.
pub(super) struct Copies<'a> {
    indexes: &'a Indexes,
    /// Equal preferences choose equal copies, while these are there; different ones share the load.
    preference: String,
}

impl<'a> Copies<'a> {
    /// Returns the copies for the pages and counts of a text.
    pub(super) fn of_text(indexes: &'a Indexes, text: &str) -> Self {
        Self { indexes, preference: short_digest(text).to_string() }
    }

    /// Returns the answer of a body, from all shards.
    pub(super) async fn search_one(&self, body: Value) -> Result<Value, SearchError> {
        self.search(vec![body]).await?.pop().ok_or_else(without_responses)
    }

    /// Returns the answer of a body as [`Self::search_one`] does; hits have the scores of their named clauses.
    pub(super) async fn explain(&self, body: Value) -> Result<Value, SearchError> {
        let path = format!(
            "{}/_search?search_type=dfs_query_then_fetch&allow_partial_search_results=false\
             &include_named_queries_score=true&preference={}",
            self.indexes.alias, self.preference
        );
        let answer = self.indexes.expect(Method::POST, &path, NodeBody::Json(body)).await?;
        require_all_shards(&answer)?;
        Ok(answer)
    }

    /// Returns the answer of each body, from all shards.
    pub(super) async fn search(&self, bodies: Vec<Value>) -> Result<Vec<Value>, SearchError> {
        // Scores are comparable over shards only with the statistics of all.
        let path = "_msearch?search_type=dfs_query_then_fetch";
        let header = json!({
            "index": self.indexes.alias,
            "allow_partial_search_results": false,
            "preference": self.preference,
        });
        let lines = bodies.iter().map(|body| format!("{header}\n{body}\n")).collect();
        let mut body = self.indexes.expect(Method::POST, path, NodeBody::Lines(lines)).await?;
        let Some(answers) = body["responses"].as_array_mut() else {
            return Err(without_responses());
        };
        for answer in answers.iter() {
            if answer.get("error").is_some() {
                let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
                return Err(answer_error(status.unwrap_or(500), answer));
            }
            require_all_shards(answer)?;
        }
        Ok(std::mem::take(answers))
    }
}

fn without_responses() -> SearchError {
    SearchError::Failed("the cluster answered without responses".to_owned())
}
