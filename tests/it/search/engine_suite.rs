//! The conformance suite of search engines, run on each implementation.

use quarry::domain::{Document, Revision};
use quarry::search::{
    Batch, DocumentFilter, FacetRequest, MatchPolicy, SearchEngine, SearchError, SearchRequest, SearchSort,
};

use super::any_text::no_query_is_an_error;
use super::catching_up::consecutive_batches_are_complete_after_the_last;
use super::completing::{
    completions_follow_changes_of_documents, prefixes_are_completed_by_words_of_documents,
    the_most_frequent_of_many_completions_come_first,
};
use super::corpus::{
    Change, STORE, batch, document, fill, keys, keys_of, keys_with_all, open, published, put, total,
    with_author,
};
use super::opensearch::{ClusterSoftware, TestIndex};
use super::variants::{
    decimals_belong_to_their_number, forms_of_words_have_their_synonyms,
    letters_are_typed_apart_from_their_word, names_with_symbols_are_apart,
    nasals_of_indic_scripts_are_spelled_in_two_ways, numbers_of_versions_are_side_by_side,
    phone_numbers_are_found_written_together, sizes_are_found_in_any_spelling,
};

macro_rules! engine_suite {
    ($($name:ident),* $(,)?) => {
        engine_suite!(@cluster opensearch OpenSearch $($name)*);
        engine_suite!(@cluster elasticsearch Elasticsearch $($name)*);

        mod tantivy {
            $(
                #[tokio::test]
                async fn $name() {
                    let folder = tempfile::tempdir().unwrap();
                    let engine = super::open(folder.path());
                    super::$name(&engine).await;
                }
            )*
        }
    };
    (@cluster $module:ident $software:ident $($name:ident)*) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $name() {
                    let software = super::ClusterSoftware::$software;
                    let Some(index) = super::TestIndex::open(software).await else { return };
                    super::$name(&index.engine).await;
                    index.delete().await;
                }
            )*
        }
    };
}

engine_suite!(
    applying_is_idempotent_and_visible,
    deletes_and_changes_are_visible_at_once,
    consecutive_batches_are_complete_after_the_last,
    words_must_all_match_else_any_do,
    forms_of_a_word_are_ranked,
    phrases_and_exclusions_hold,
    typos_match_similar_words_if_few_documents_match,
    titles_authors_and_categories_are_searched,
    names_are_not_stemmed,
    filters_restrict,
    sorting_and_ties_are_stable,
    pages_join_without_gaps_while_the_index_changes,
    cursors_of_other_searches_are_rejected,
    facets_count_all_matches,
    highlights_mark_all_matches,
    no_query_is_an_error,
    an_empty_query_matches_all_documents_newest_first,
    prefixes_are_completed_by_words_of_documents,
    completions_follow_changes_of_documents,
    the_most_frequent_of_many_completions_come_first,
    decimals_belong_to_their_number,
    names_with_symbols_are_apart,
    forms_of_words_have_their_synonyms,
    letters_are_typed_apart_from_their_word,
    nasals_of_indic_scripts_are_spelled_in_two_ways,
    sizes_are_found_in_any_spelling,
    numbers_of_versions_are_side_by_side,
    phone_numbers_are_found_written_together,
);

async fn applying_is_idempotent_and_visible(engine: &dyn SearchEngine) {
    assert_eq!(engine.applied_through().await.unwrap(), None);
    for _ in 0..2 {
        fill(engine, vec![document("a", "one"), document("b", "two")]).await;
        assert_eq!(total(engine, "").await, 2);
        assert_eq!(engine.applied_through().await.unwrap(), Some((STORE, Revision::new(2))));
    }
    assert_eq!(engine.health().await.unwrap().documents, 2);
    engine.reset().await.unwrap();
    assert_eq!(total(engine, "").await, 0);
    assert_eq!(engine.applied_through().await.unwrap(), None);
}

async fn deletes_and_changes_are_visible_at_once(engine: &dyn SearchEngine) {
    fill(engine, vec![document("a", "red apple"), document("b", "red brick")]).await;
    engine.apply(batch(3, vec![Change::Remove("b"), put(document("a", "green apple"))])).await.unwrap();
    assert!(keys_of(engine, "red").await.is_empty());
    assert_eq!(keys_of(engine, "green").await, ["a"]);
    // A word of deleted documents counts as unknown.
    assert_eq!(keys_of(engine, "bricks grean").await, ["a"]);
    let through = Revision::new(9);
    engine.apply(Batch { store: STORE, changes: vec![], through, caught_up: true }).await.unwrap();
    assert_eq!(engine.applied_through().await.unwrap(), Some((STORE, through)));
}

async fn words_must_all_match_else_any_do(engine: &dyn SearchEngine) {
    fill(
        engine,
        vec![document("both", "red apple"), document("red", "red brick"), document("apple", "green apple")],
    )
    .await;
    assert_eq!(keys_with_all(engine, "apple red").await, ["both"]);
    assert_eq!(keys_of(engine, "apple red").await[0], "both");
    let mut request = SearchRequest::new("brick green ", 10);
    let answer = engine.search(&request).await.unwrap();
    assert!(answer.relaxed);
    assert_eq!(answer.total, 2);
    request.relaxes = false;
    assert_eq!(engine.search(&request).await.unwrap().total, 0);
    request.query = "apple red".to_owned();
    request.match_policy = MatchPolicy::Any;
    let answer = engine.search(&request).await.unwrap();
    assert!(!answer.relaxed, "requested, not relaxed");
    assert_eq!(answer.total, 3);
    assert_eq!(answer.hits[0].document.key.as_str(), "both");
    request.relaxes = true;
    request.query = "zzz qqq".to_owned();
    request.match_policy = MatchPolicy::All;
    let answer = engine.search(&request).await.unwrap();
    assert_eq!((answer.total, answer.relaxed), (0, false));
}

async fn forms_of_a_word_are_ranked(engine: &dyn SearchEngine) {
    let long = "filler ".repeat(60);
    fill(
        engine,
        vec![
            published(document("prefix", "runway"), 9),
            published(document("stem", "running"), 8),
            published(document("exact", &format!("{long} run {long}")), 1),
            published(document("exact short", "run away"), 1),
        ],
    )
    .await;
    assert_eq!(keys_of(engine, "run").await, ["exact short", "exact", "stem", "prefix"]);
    assert_eq!(keys_of(engine, "run ").await, ["exact short", "exact", "stem"], "a space ends the prefix");
    let mut request = SearchRequest::new("runw", 10);
    assert_eq!(keys_with_all(engine, "runw").await, ["prefix"]);
    request.prefix = false;
    request.typo_tolerance = false;
    assert_eq!(keys(engine, &request).await, Vec::<String>::new());
    assert_eq!(keys_of(engine, "r").await.len(), 4);
    assert_eq!(keys_of(engine, "ru").await.len(), 4);
}

async fn phrases_and_exclusions_hold(engine: &dyn SearchEngine) {
    let mut titled = document("across", "jet to Rome");
    titled.title = Some("private".to_owned());
    fill(
        engine,
        vec![
            document("phrase", "a private jet to Paris"),
            document("apart", "a jet so private, in Nice"),
            document("plural", "private jets"),
            titled,
        ],
    )
    .await;
    assert_eq!(keys_with_all(engine, "\"private jet\"").await, ["phrase"]);
    assert_eq!(keys_with_all(engine, "“Private  JET” paris").await, ["phrase"]);
    let mut found = keys_of(engine, "private jet -paris").await;
    found.sort();
    assert_eq!(found, ["across", "apart", "plural"]);
    assert_eq!(keys_of(engine, "-jet").await, Vec::<String>::new(), "exclusions exclude word forms");
    assert_eq!(keys_with_all(engine, "jet -\"private jet\" -\"private jets\" -nice").await, ["across"]);
    assert_eq!(keys_of(engine, "\"jets\"").await, ["plural"], "a quoted word has no other forms");
}

async fn typos_match_similar_words_if_few_documents_match(engine: &dyn SearchEngine) {
    fill(
        engine,
        vec![
            document("private", "private jet"),
            document("privately", "privately owned jet"),
            document("restaurant", "a restaurant"),
            document("form", "form"),
            document("from", "from here"),
            document("müller", "Müller"),
        ],
    )
    .await;
    for query in ["privte jet", "pirvate jet", "private jet", "prvate jet", "privte jett"] {
        let mut found = keys_of(engine, query).await;
        found.sort();
        assert_eq!(found, ["private", "privately"], "{query}");
    }
    assert_eq!(keys_of(engine, "resturent").await, ["restaurant"], "two edits from eight letters");
    assert_eq!(keys_of(engine, "mullre").await, ["müller"]);
    assert_eq!(keys_of(engine, "form").await, ["form", "from"], "a known word comes first");
    assert_eq!(keys_of(engine, "gestaurant").await, ["restaurant"], "another first letter");
    assert_eq!(keys_of(engine, "jte").await, Vec::<String>::new(), "three letters are too few");
    let mut request = SearchRequest::new("privte", 10);
    request.typo_tolerance = false;
    assert_eq!(keys(engine, &request).await, Vec::<String>::new());
    assert_eq!(keys_of(engine, "jet -privte").await.len(), 2, "exclusions have no typo tolerance");
}

async fn titles_authors_and_categories_are_searched(engine: &dyn SearchEngine) {
    let mut titled = document("title", "something else");
    titled.title = Some("Garden lamp".to_owned());
    let mut categorised = document("category", "a thing");
    categorised.category = Some("home goods".to_owned());
    fill(
        engine,
        vec![
            published(document("text", "garden lamp"), 5),
            titled,
            categorised,
            with_author(document("author", "a note"), "7", "Jürgen O’Neill"),
        ],
    )
    .await;
    assert_eq!(keys_of(engine, "lamp").await, ["title", "text"], "titles weigh more");
    assert_eq!(keys_of(engine, "goods").await, ["category"]);
    assert_eq!(keys_with_all(engine, "jurgen o'neill").await, ["author"]);
}

async fn names_are_not_stemmed(engine: &dyn SearchEngine) {
    fill(engine, vec![with_author(document("a", "x"), "1", "Banks Hastings")]).await;
    assert_eq!(keys_of(engine, "banks ").await, ["a"]);
    let mut request = SearchRequest::new("bank", 10);
    request.typo_tolerance = false;
    assert_eq!(keys(engine, &request).await, ["a"], "as a prefix");
    request.prefix = false;
    assert_eq!(keys(engine, &request).await, Vec::<String>::new());
}

async fn filters_restrict(engine: &dyn SearchEngine) {
    let with = |key: &str, category: Option<&str>, author: &str, second: i64| -> Document {
        let mut document = published(with_author(document(key, "lamp"), author, author), second);
        document.category = category.map(str::to_owned);
        document
    };
    let mut undated = document("undated", "lamp");
    undated.category = Some("Toys".to_owned());
    fill(
        engine,
        vec![
            with("a", Some("toys"), "ann", 10),
            with("b", Some("books"), "bob", 20),
            with("c", None, "ann", 30),
            undated,
        ],
    )
    .await;
    let mut check = Vec::new();
    let filter =
        |category: &[&str], author: &[&str], from: Option<i64>, before: Option<i64>| DocumentFilter {
            source: vec!["test".to_owned()],
            category: category.iter().map(|&value| value.to_owned()).collect(),
            author_key: author.iter().map(|&value| value.to_owned()).collect(),
            published_from: from.and_then(|second| chrono::DateTime::from_timestamp(second, 0)),
            published_before: before.and_then(|second| chrono::DateTime::from_timestamp(second, 0)),
            ..DocumentFilter::default()
        };
    check.push((filter(&["toys"], &[], None, None), vec!["a"]));
    check.push((filter(&["toys", "books"], &[], None, None), vec!["a", "b"]));
    check.push((filter(&[], &["ann"], None, None), vec!["a", "c"]));
    check.push((filter(&[], &[], Some(20), None), vec!["b", "c"]));
    check.push((filter(&[], &[], Some(10), Some(30)), vec!["a", "b"]));
    check.push((filter(&["toys"], &["bob"], None, None), vec![]));
    for (filter, expected) in check {
        for query in ["lamp", ""] {
            let mut request = SearchRequest::new(query, 10);
            request.filter = filter.clone();
            let mut found = keys(engine, &request).await;
            found.sort();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
    let mut request = SearchRequest::new("lamp", 10);
    request.filter.source = vec!["other".to_owned()];
    assert_eq!(keys(engine, &request).await, Vec::<String>::new());
}

async fn sorting_and_ties_are_stable(engine: &dyn SearchEngine) {
    let mut documents: Vec<Document> = Vec::new();
    for at in 0..40 {
        let document = document(&format!("k{at:02}"), "same words here");
        documents.push(if at % 4 == 0 { document } else { published(document, i64::from(at % 7)) });
    }
    fill(engine, documents.clone()).await;
    let order = |newest: bool| {
        let mut sorted = documents.clone();
        sorted.sort_by_key(|document| {
            let time = document.published_at.map(|at| if newest { -at.timestamp() } else { at.timestamp() });
            (time.is_none(), time, document.id)
        });
        sorted.into_iter().map(|document| document.key.as_str().to_owned()).collect::<Vec<_>>()
    };
    let mut request = SearchRequest::new("same", 100);
    assert_eq!(keys(engine, &request).await, order(true), "ties go to the newest, then to the smaller id");
    request.sort = SearchSort::Newest;
    assert_eq!(keys(engine, &request).await, order(true));
    request.sort = SearchSort::Oldest;
    assert_eq!(keys(engine, &request).await, order(false));
}

async fn pages_join_without_gaps_while_the_index_changes(engine: &dyn SearchEngine) {
    for sort in [SearchSort::Relevance, SearchSort::Newest, SearchSort::Oldest] {
        engine.reset().await.unwrap();
        let documents: Vec<Document> = (0..50)
            .map(|at| {
                let text = format!("word {}", "filler ".repeat(at % 5));
                published(document(&format!("k{at:02}"), &text), i64::try_from(at % 9).unwrap())
            })
            .collect();
        fill(engine, documents).await;
        let mut request = SearchRequest::new("word ", 7);
        request.sort = sort;
        let whole = keys(engine, &SearchRequest { first: 100, ..request.clone() }).await;
        let mut paged = Vec::new();
        for page in 0.. {
            let answer = engine.search(&request).await.unwrap();
            assert_eq!(answer.has_next, paged.len() + answer.hits.len() < whole.len());
            paged.extend(answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()));
            let Some(last) = answer.hits.last().filter(|_| answer.has_next) else { break };
            request.after = Some(last.cursor.encode());
            // Additional documents change every score.
            let others = (0..20).map(|at| put(document(&format!("x{page}-{at}"), "another text")));
            let revision = 100 + i64::from(page) * 100;
            engine.apply(batch(revision, others.collect())).await.unwrap();
        }
        assert_eq!(paged, whole, "{sort:?}");
    }
}

async fn cursors_of_other_searches_are_rejected(engine: &dyn SearchEngine) {
    fill(engine, vec![document("a", "one"), document("b", "one")]).await;
    let mut request = SearchRequest::new("one", 1);
    let cursor = engine.search(&request).await.unwrap().hits[0].cursor.encode();
    request.after = Some(cursor.clone());
    assert_eq!(keys(engine, &request).await.len(), 1);
    request.sort = SearchSort::Newest;
    assert!(matches!(engine.search(&request).await, Err(SearchError::InvalidCursor)));
    for garbage in ["", "x", "\u{1f389}", &cursor[1..]] {
        request.after = Some(garbage.to_owned());
        assert!(matches!(engine.search(&request).await, Err(SearchError::InvalidCursor)), "{garbage}");
    }
}

async fn facets_count_all_matches(engine: &dyn SearchEngine) {
    let documents = (0..30).map(|at| {
        let mut document = with_author(
            document(&format!("k{at}"), if at % 2 == 0 { "lamp" } else { "chair" }),
            &format!("a{}", at % 3),
            "Name",
        );
        document.category = (at % 5 != 0).then(|| format!("c{}", at % 5));
        document
    });
    fill(engine, documents.collect()).await;
    let mut request = SearchRequest::new("lamp", 1);
    assert!(engine.search(&request).await.unwrap().facets.is_empty(), "only on request");
    request.facets = vec![FacetRequest::new(100)];
    let facets = engine.search(&request).await.unwrap().facets.remove(0);
    let of = |field: &str| -> Vec<(String, u64)> {
        let facet = facets.iter().find(|facet| facet.field == field).unwrap();
        facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count)).collect()
    };
    assert_eq!(of("source"), [("test".to_owned(), 15)]);
    let expected: Vec<_> = ["c1", "c2", "c3", "c4"].iter().map(|&value| (value.to_owned(), 3)).collect();
    assert_eq!(of("category"), expected);
    assert_eq!(of("authorKey").len(), 3);
}

async fn highlights_mark_all_matches(engine: &dyn SearchEngine) {
    let document = with_author(document("a", "Book <2> private jets & a chair"), "1", "Jet Li");
    fill(engine, vec![document]).await;
    let mut request = SearchRequest::new("privte jet", 1);
    assert!(engine.search(&request).await.unwrap().hits[0].highlights.is_empty(), "only on request");
    request.highlights = true;
    let answer = engine.search(&request).await.unwrap();
    let highlights: Vec<(&str, &str)> = answer.hits[0]
        .highlights
        .iter()
        .map(|highlight| (highlight.field.as_str(), highlight.html.as_str()))
        .collect();
    assert_eq!(
        highlights,
        [
            ("text", "Book &lt;2&gt; <mark>private</mark> <mark>jets</mark> &amp; a chair"),
            ("author", "<mark>Jet</mark> Li")
        ]
    );
}

async fn an_empty_query_matches_all_documents_newest_first(engine: &dyn SearchEngine) {
    fill(engine, (0..5).map(|at| published(document(&format!("k{at}"), "text"), at)).collect()).await;
    for query in ["", "   ", "…"] {
        assert_eq!(keys_of(engine, query).await, ["k4", "k3", "k2", "k1", "k0"]);
    }
    let answer = engine.search(&SearchRequest::new("", 0)).await.unwrap();
    assert_eq!((answer.hits.len(), answer.total, answer.has_next), (0, 5, true));
}
