//! Answers do not depend on the commits by which documents came into the index.

use quarry::domain::query_key;
use quarry::search::{CompletionRequest, SearchEngine};
use serde_json::Value;

use super::corpus::{documents, fill, fill_in_chunks, open};
use super::searches::{keys_of_answer, requests, summary};
use crate::support::messages::{messages, real};

#[tokio::test]
async fn one_commit_and_many_find_the_same_in_messages() {
    find_the_same(&messages()).await;
}

#[tokio::test]
async fn one_commit_and_many_find_the_same_in_real_messages() {
    let Some((_, messages)) = real() else { return };
    find_the_same(&messages).await;
}

async fn find_the_same(messages: &[Value]) {
    let (of_one, of_many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, many) = (open(of_one.path()), open(of_many.path()));
    fill(&one, documents(messages)).await;
    fill_in_chunks(&many, documents(messages), messages.len().div_ceil(4)).await;
    let requests = requests(messages);
    assert!(requests.len() >= 384, "{}", requests.len());
    for request in &requests {
        let (expected, found) = (one.search(request).await.unwrap(), many.search(request).await.unwrap());
        assert_eq!(summary(&found), summary(&expected), "{request:?}");
        assert_eq!(found.corrections, expected.corrections, "{request:?}");
        assert_eq!(keys_of_answer(&found), keys_of_answer(&expected), "{request:?}");
        let completion =
            CompletionRequest { text: request.query.clone(), filter: request.filter.clone(), limit: 8 };
        assert_eq!(words(&many, &completion).await, words(&one, &completion).await, "{completion:?}");
    }
}

/// Returns the letters and digits of completions. Their spelling follows a few of the documents: capitals, accents and
/// hyphens.
async fn words(engine: &dyn SearchEngine, completion: &CompletionRequest) -> Vec<String> {
    let completions = engine.complete(completion).await.unwrap();
    completions.iter().map(|text| query_key(text).replace(|char: char| !char.is_alphanumeric(), "")).collect()
}
