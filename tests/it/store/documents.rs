//! Documents and their authors: stored and read without loss.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{TimeZone, Utc};
use quarry::domain::{AuthorId, Document, DocumentChange, DocumentDraft, DocumentId, Revision};
use quarry::store::{Slice, Store};
use serde_json::json;

use super::{at, by, draft, source};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    inserted_unchanged_updated_deleted_and_restored,
    of_several_with_one_key_the_last_counts,
    similar_keys_stay_distinct,
    texts_are_stored_without_loss,
    times_are_stored_to_the_microsecond,
    thousands_in_one_call,
    authors_take_their_latest_name,
    documents_of_an_author_newest_first,
    sources_are_known_and_counted,
    empty_calls_return_empty_results,
);

async fn one(store: &Store, draft: &DocumentDraft) -> Option<Document> {
    store.documents_by_id(&[draft.id()]).await.unwrap().remove(&draft.id())
}

async fn changes(store: &Store) -> Vec<DocumentChange> {
    store.changes_after(Revision::ZERO, 10_000).await.unwrap()
}

async fn inserted_unchanged_updated_deleted_and_restored(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let announced = store.committed_here();
    let mut draft = DocumentDraft {
        title: Some("Title".to_owned()),
        category: Some("Category".to_owned()),
        author: by("u1", "Sophia"),
        published_at: Some(at("2024-02-29T12:00:00Z")),
        attributes: json!({"price": 1.5, "nested": {"b": [1, null, "x"], "a": true}}).to_string(),
        ..draft("1", "one")
    };
    let inserted = store.upsert_documents(&[draft.clone()]).await.unwrap();
    assert_eq!((inserted.inserted, inserted.updated, inserted.unchanged), (1, 0, 0));
    assert_eq!(inserted.revision, Revision::new(1));
    assert_eq!(*announced.borrow(), Revision::new(1));
    let first = one(&store, &draft).await.unwrap();
    assert_eq!(first.id, draft.id());
    assert_eq!((&first.source, &first.key), (&draft.source, &draft.key));
    assert_eq!((&first.title, &first.text, &first.category), (&draft.title, &draft.text, &draft.category));
    assert_eq!(first.published_at, draft.published_at);
    assert_eq!(first.attributes, draft.attributes);
    let author = first.author.clone().unwrap();
    assert_eq!((author.key.as_str(), author.name.as_str()), ("u1", "Sophia"));
    assert_eq!(author.id, AuthorId::of(&draft.source, "u1"));

    let unchanged = store.upsert_documents(&[draft.clone()]).await.unwrap();
    assert_eq!((unchanged.inserted, unchanged.updated, unchanged.unchanged), (0, 0, 1));
    assert_eq!(unchanged.revision, Revision::new(1));
    assert_eq!(one(&store, &draft).await.unwrap(), first);

    draft.text = "two".to_owned();
    draft.title = None;
    draft.author = None;
    let updated = store.upsert_documents(&[draft.clone()]).await.unwrap();
    assert_eq!((updated.inserted, updated.updated, updated.unchanged), (0, 1, 0));
    assert_eq!(updated.revision, Revision::new(2));
    let second = one(&store, &draft).await.unwrap();
    assert_eq!((second.text.as_str(), &second.title, &second.author), ("two", &None, &None));
    assert!(second.indexed_at >= first.indexed_at);
    assert_eq!(changes(&store).await, [DocumentChange::Upserted(Revision::new(2), Box::new(second))]);

    let deleted = store.delete_documents(&[draft.id(), draft.id()]).await.unwrap();
    assert_eq!((deleted.deleted, deleted.revision), (1, Revision::new(3)));
    assert_eq!(one(&store, &draft).await, None);
    assert!(matches!(
        changes(&store).await[..],
        [DocumentChange::Deleted(revision, tombstone)]
            if revision == Revision::new(3) && tombstone.id == draft.id()
    ));
    let again = store.delete_documents(&[draft.id()]).await.unwrap();
    assert_eq!((again.deleted, again.revision), (0, Revision::new(3)));

    let back = store.upsert_documents(&[draft.clone()]).await.unwrap();
    assert_eq!((back.inserted, back.updated, back.unchanged), (1, 0, 0));
    assert_eq!(back.revision, Revision::new(4));
    assert_eq!(one(&store, &draft).await.unwrap().text, "two");
    assert_eq!(*announced.borrow(), Revision::new(4));
    assert_eq!(store.latest_revision().await.unwrap(), Revision::new(4));
}

async fn of_several_with_one_key_the_last_counts(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let outcome = store.upsert_documents(&[draft("1", "a"), draft("2", "b"), draft("1", "c")]).await.unwrap();
    assert_eq!((outcome.inserted, outcome.revision), (2, Revision::new(2)));
    assert_eq!(one(&store, &draft("1", "")).await.unwrap().text, "c");
    assert_eq!(changes(&store).await.len(), 2);
}

async fn similar_keys_stay_distinct(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let keys = ["muller", "Muller", "MULLER", "müller", "mu\u{308}ller", "ß", "ss", "ﬁ", "fi", "😀", "😁"];
    let drafts: Vec<_> =
        keys.iter().map(|key| DocumentDraft { author: by(key, key), ..draft(key, key) }).collect();
    assert_eq!(store.upsert_documents(&drafts).await.unwrap().inserted, keys.len());
    assert_eq!(store.upsert_documents(&drafts).await.unwrap().unchanged, keys.len());
    for draft in &drafts {
        assert_eq!(one(&store, draft).await.unwrap().key, draft.key);
    }
    // Names of sources are primary keys, compared by the database.
    for name in ["shop", "Shop", "shöp", "sho"] {
        store.register_source(&source(name)).await.unwrap();
        store.upsert_documents(&[DocumentDraft { source: source(name), ..draft("1", name) }]).await.unwrap();
    }
    let names: Vec<String> = store.sources().await.unwrap().into_iter().map(String::from).collect();
    assert_eq!(names, ["Shop", "messages", "sho", "shop", "shöp"]);
    let counts = store.document_counts_of_sources(&[source("Shop"), source("shöp")]).await.unwrap();
    assert_eq!((counts[&source("Shop")], counts[&source("shöp")]), (1, 1));
}

async fn texts_are_stored_without_loss(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let long: String = "Zeile mit Umlaut ü und Zeichen 🦀\r\n".chars().cycle().take(200 << 10).collect();
    let texts = [
        long.as_str(),
        "",
        " blanks at both ends ",
        "tabs\tand\nlines",
        "👩‍👩‍👧‍👦 🇩🇪 e\u{301} עברית العربية 中文",
        "quotes ' \" ` \\ \\' % _ ; -- $1 ? :name",
        "an\0other",
    ];
    let drafts: Vec<DocumentDraft> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| {
            DocumentDraft {
                title: Some((*text).chars().take(1_000).collect()),
                author: by("u1", &text.chars().take(4_000).collect::<String>()),
                attributes: json!({ "text": text, "empty": {}, "big": u64::MAX, "small": 1e-9 }).to_string(),
                ..draft(&number.to_string(), text)
            }
            .checked()
            .unwrap()
        })
        .collect();
    store.upsert_documents(&drafts).await.unwrap();
    for draft in &drafts {
        let document = one(&store, draft).await.unwrap();
        assert!(document.text == draft.text && document.title == draft.title, "{:?}", draft.key);
        assert_eq!(document.author.unwrap().name, draft.author.as_ref().unwrap().name);
        assert_eq!(document.attributes, draft.attributes);
    }
    assert_eq!(store.upsert_documents(&drafts).await.unwrap().unchanged, drafts.len());
}

async fn times_are_stored_to_the_microsecond(database: Arc<TestDatabase>) {
    let store = database.store().await;
    // Just below the next microsecond, before 1970, after 2038, and both limits of RFC 3339.
    let times = [
        ("2024-05-06T07:08:09.123456999Z", "2024-05-06T07:08:09.123456Z"),
        ("2024-05-06T07:08:09.1Z", "2024-05-06T07:08:09.1Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2099-12-31T23:59:59.000001Z", "2099-12-31T23:59:59.000001Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ];
    for (number, (given, kept)) in times.iter().enumerate() {
        let draft = DocumentDraft { published_at: Some(at(given)), ..draft(&number.to_string(), "") };
        store.upsert_documents(std::slice::from_ref(&draft)).await.unwrap();
        assert_eq!(one(&store, &draft).await.unwrap().published_at, Some(at(kept)), "{given}");
        assert_eq!(store.upsert_documents(&[draft]).await.unwrap().unchanged, 1, "{given}");
    }
    for (number, year) in [-1, 0, 10_000, 200_000].into_iter().enumerate() {
        let out_of_reach = Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap();
        let draft = DocumentDraft { published_at: Some(out_of_reach), ..draft(&format!("y{number}"), "") };
        store.upsert_documents(std::slice::from_ref(&draft)).await.unwrap();
        assert_eq!(one(&store, &draft).await.unwrap().published_at, None, "{year}");
        assert_eq!(store.upsert_documents(&[draft]).await.unwrap().unchanged, 1, "{year}");
    }
    let crawl =
        store.begin_crawl(&source("messages"), false, at("2026-11-20T10:11:12.987654321Z")).await.unwrap();
    assert_eq!(crawl.started_at, at("2026-11-20T10:11:12.987654Z"));
    assert_eq!(store.crawls_by_id(&[crawl.id]).await.unwrap()[&crawl.id].started_at, crawl.started_at);
}

async fn thousands_in_one_call(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let drafts: Vec<DocumentDraft> = (0..2_500)
        .map(|number| DocumentDraft {
            author: by(&format!("u{}", number % 700), &format!("Author {}", number % 700)),
            ..draft(&number.to_string(), "text")
        })
        .collect();
    let outcome = store.upsert_documents(&drafts).await.unwrap();
    assert_eq!((outcome.inserted, outcome.revision), (2_500, Revision::new(2_500)));
    let revisions: Vec<i64> = changes(&store).await.iter().map(|change| change.revision().value()).collect();
    assert_eq!(revisions, (1..=2_500).collect::<Vec<i64>>());
    let ids: Vec<DocumentId> = drafts.iter().map(DocumentDraft::id).collect();
    assert_eq!(store.documents_by_id(&ids).await.unwrap().len(), 2_500);
    let authors: Vec<AuthorId> =
        (0..701).map(|number| AuthorId::of(&source("messages"), &format!("u{number}"))).collect();
    assert_eq!(store.authors_by_id(&authors).await.unwrap().len(), 700);
    let counts = store.document_counts_of_authors(&authors).await.unwrap();
    assert_eq!((counts[&authors[0]], counts[&authors[699]], counts[&authors[700]]), (4, 3, 0));

    // Large documents: each statement stays below the maximum of the server.
    let large: Vec<DocumentDraft> =
        (0..12).map(|number| draft(&number.to_string(), &"x".repeat(1 << 20))).collect();
    assert_eq!(store.upsert_documents(&large).await.unwrap().updated, 12);

    let deleted = store.delete_documents(&ids).await.unwrap();
    assert_eq!((deleted.deleted, deleted.revision), (2_500, Revision::new(5_012)));
    let revisions: Vec<i64> = changes(&store).await.iter().map(|change| change.revision().value()).collect();
    assert_eq!(revisions, (2_513..=5_012).collect::<Vec<i64>>());
    assert_eq!(store.document_counts_of_authors(&authors).await.unwrap()[&authors[0]], 0);
}

async fn authors_take_their_latest_name(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let id = AuthorId::of(&source("messages"), "u1");
    let name = async || store.authors_by_id(&[id]).await.unwrap().remove(&id).unwrap().name;
    let first = DocumentDraft { author: by("u1", "Sophia"), ..draft("1", "") };
    store.upsert_documents(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(name().await, "Sophia");
    let second = DocumentDraft { author: by("u1", "sophia"), ..draft("2", "") };
    store.upsert_documents(&[second]).await.unwrap();
    assert_eq!(name().await, "sophia");
    // An unchanged document does not rename its author.
    store.upsert_documents(&[first]).await.unwrap();
    assert_eq!(name().await, "sophia");
    let author = store.authors_by_id(&[id]).await.unwrap().remove(&id).unwrap();
    assert_eq!((author.source, author.key.as_str()), (source("messages"), "u1"));
}

async fn documents_of_an_author_newest_first(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut drafts = Vec::new();
    for number in 0..20 {
        let published_at = match number % 5 {
            0 => None,
            // Several documents have the same time.
            day => Some(at(&format!("2024-01-0{day}T00:00:00.5Z"))),
        };
        drafts.push(DocumentDraft {
            author: by("u1", "Sophia"),
            published_at,
            ..draft(&number.to_string(), "")
        });
    }
    drafts.push(DocumentDraft { author: by("u2", "Other"), ..draft("other", "") });
    store.upsert_documents(&drafts).await.unwrap();
    drafts.pop();
    let gone = drafts.pop().unwrap();
    store.delete_documents(&[gone.id()]).await.unwrap();
    drafts.sort_by_key(|draft| (std::cmp::Reverse(draft.published_at), draft.id()));
    let expected: Vec<DocumentId> = drafts.iter().map(DocumentDraft::id).collect();

    let author = AuthorId::of(&source("messages"), "u1");
    for limit in [1, 3, 100] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = store.documents_of_author(author, Slice::first(limit).after(after)).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.published_at, last.id));
            found.extend(page.iter().map(|document| document.id));
        }
        assert_eq!(found, expected, "{limit} at a time");
    }
    assert_eq!(found_twice(&expected), 0);
}

fn found_twice(ids: &[DocumentId]) -> usize {
    ids.len() - ids.iter().collect::<HashSet<_>>().len()
}

async fn sources_are_known_and_counted(database: Arc<TestDatabase>) {
    let store = database.store().await;
    assert!(store.sources().await.unwrap().is_empty());
    store.register_source(&source("empty")).await.unwrap();
    store.register_source(&source("empty")).await.unwrap();
    store.upsert_documents(&[draft("1", ""), draft("2", "")]).await.unwrap();
    store.delete_documents(&[draft("2", "").id()]).await.unwrap();
    assert_eq!(store.sources().await.unwrap(), [source("empty"), source("messages")]);
    let counts = store
        .document_counts_of_sources(&[source("empty"), source("messages"), source("unknown")])
        .await
        .unwrap();
    assert_eq!(counts[&source("messages")], 1);
    assert_eq!((counts[&source("empty")], counts[&source("unknown")]), (0, 0));
}

async fn empty_calls_return_empty_results(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let outcome = store.upsert_documents(&[]).await.unwrap();
    assert_eq!((outcome.inserted, outcome.revision), (0, Revision::ZERO));
    assert_eq!(store.delete_documents(&[]).await.unwrap().deleted, 0);
    assert!(store.documents_by_id(&[]).await.unwrap().is_empty());
    assert!(store.authors_by_id(&[]).await.unwrap().is_empty());
    assert!(store.crawls_by_id(&[]).await.unwrap().is_empty());
    assert!(store.last_crawls(&[]).await.unwrap().is_empty());
    assert!(store.document_counts_of_sources(&[]).await.unwrap().is_empty());
    assert!(store.document_counts_of_authors(&[]).await.unwrap().is_empty());
    assert!(changes(&store).await.is_empty());
}
