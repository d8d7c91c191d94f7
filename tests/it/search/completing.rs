//! Engine suite: completions of a prefix.

use quarry::search::SearchEngine;

use super::corpus::{Change, batch, document, fill, put, with_author};

pub(super) async fn prefixes_are_completed_by_words_of_documents(engine: &dyn SearchEngine) {
    assert_eq!(engine.complete("sho", 9).await.unwrap(), [""; 0]);
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
    let all = ["shoes", "shona", "shop", "shopping", "shops", "short", "shows"];
    assert_eq!(engine.complete("sho", 9).await.unwrap(), all, "whole words, ties by word");
    assert_eq!(engine.complete("sho", 2).await.unwrap(), all[..2]);
    assert_eq!(engine.complete("SHOP", 9).await.unwrap(), ["shop", "shopping", "shops"]);
    assert_eq!(engine.complete("É", 9).await.unwrap(), ["ecole"], "folded like a query");
    assert_eq!(engine.complete("s", 9).await.unwrap(), all);
    for nothing in ["", "\u{1}", "\u{2}s", "shoesx", "\u{10ffff}", "sho\0", " ", "-"] {
        assert_eq!(engine.complete(nothing, 9).await.unwrap(), [""; 0], "{nothing:?}");
    }
}

pub(super) async fn completions_follow_changes_of_documents(engine: &dyn SearchEngine) {
    fill(engine, vec![document("a", "lamp lamps"), document("b", "lamps")]).await;
    assert_eq!(engine.complete("la", 9).await.unwrap(), ["lamps", "lamp"]);
    let more = ["c", "d", "e"].map(|key| put(document(key, "lamp lantern")));
    engine.apply(batch(3, more.into_iter().collect())).await.unwrap();
    assert_eq!(engine.complete("la", 9).await.unwrap(), ["lamp", "lantern", "lamps"], "over all segments");
    // No document contains the words any more, but the dictionary may.
    engine.apply(batch(6, vec![Change::Remove("a"), put(document("b", "lump"))])).await.unwrap();
    assert_eq!(engine.complete("la", 9).await.unwrap(), ["lamp", "lantern"]);
}

pub(super) async fn the_most_frequent_of_many_completions_come_first(engine: &dyn SearchEngine) {
    // More words than a segment returns, and the frequent ones are among the last.
    let text = |from: usize| (from..2_000).map(|n| format!("word{n:04}")).collect::<Vec<_>>().join(" ");
    let documents = [0, 700, 1_400, 1_990].map(|from| document(&from.to_string(), &text(from)));
    fill(engine, documents.into_iter().collect()).await;
    let expected: Vec<String> = (1_990..2_000).chain(1_400..1_405).map(|n| format!("word{n}")).collect();
    for _ in 0..2 {
        assert_eq!(engine.complete("wo", 15).await.unwrap(), expected);
        assert_eq!(engine.complete("word", 15).await.unwrap(), expected);
    }
    assert_eq!(engine.complete("word07", 2).await.unwrap(), ["word0700", "word0701"]);
}
