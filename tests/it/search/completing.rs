//! Engine suite: completions of a text being typed.

use quarry::search::{CompletionRequest, DocumentFilter, SearchEngine};

use super::corpus::{Change, batch, document, fill, put, with_author};

/// Returns the completions of a text.
pub(crate) async fn completions(engine: &dyn SearchEngine, text: &str, limit: usize) -> Vec<String> {
    let filter = DocumentFilter::default();
    engine.complete(&CompletionRequest { text: text.to_owned(), filter, limit }).await.unwrap()
}

pub(super) async fn prefixes_are_completed_by_words_of_documents(engine: &dyn SearchEngine) {
    assert_eq!(completions(engine, "sho", 9).await, [""; 0]);
    fill(
        engine,
        vec![
            document("1", "red shoes and more SHOES"),
            document("2", "Shoes, shops"),
            document("3", "a shop for shoes; shows"),
            document("4", "shopping"),
            with_author(document("5", "école"), "7", "Shona Short"),
        ],
    )
    .await;
    let all = ["shoes", "Shona", "shop", "shopping", "shops", "Short", "shows"];
    assert_eq!(completions(engine, "sho", 9).await, all, "whole words, ties by word");
    assert_eq!(completions(engine, "sho", 2).await, all[..2]);
    assert_eq!(completions(engine, "SHOP", 9).await[..3], ["shop", "shopping", "shops"]);
    assert_eq!(completions(engine, "É", 9).await, ["école"], "folded like a query");
    assert_eq!(completions(engine, "s", 9).await, all);
    for nothing in ["", "\u{1}", "shoesxxx", "\u{10ffff}", " ", "-", "sho.", "-sho"] {
        assert_eq!(completions(engine, nothing, 9).await, [""; 0], "{nothing:?}");
    }
}

pub(super) async fn completions_follow_changes_of_documents(engine: &dyn SearchEngine) {
    fill(engine, vec![document("a", "lamp lamps"), document("b", "lamps")]).await;
    assert_eq!(completions(engine, "la", 9).await, ["lamps", "lamp"]);
    let more = ["c", "d", "e"].map(|key| put(document(key, "lamp lantern")));
    engine.apply(batch(3, more.into_iter().collect())).await.unwrap();
    assert_eq!(completions(engine, "la", 9).await, ["lamp", "lantern", "lamps"], "over all segments");
    // No document contains the words any more, but the dictionary may.
    engine.apply(batch(6, vec![Change::Remove("a"), put(document("b", "lump"))])).await.unwrap();
    assert_eq!(completions(engine, "la", 9).await, ["lamp", "lantern"]);
}

pub(super) async fn the_most_frequent_of_many_completions_come_first(engine: &dyn SearchEngine) {
    // More words than a segment returns, and the frequent ones are among the last.
    let text = |from: usize| (from..2_000).map(|n| format!("word{n:04}")).collect::<Vec<_>>().join(" ");
    let documents = [0, 700, 1_400, 1_990].map(|from| document(&from.to_string(), &text(from)));
    fill(engine, documents.into_iter().collect()).await;
    let expected: Vec<String> = (1_990..2_000).chain(1_400..1_405).map(|n| format!("word{n}")).collect();
    for _ in 0..2 {
        assert_eq!(completions(engine, "wo", 15).await, expected);
        assert_eq!(completions(engine, "word", 15).await, expected);
    }
    assert_eq!(completions(engine, "word07", 2).await, ["word0700", "word0701"]);
}
