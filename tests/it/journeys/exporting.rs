//! Exports of searches and interactions.

use chrono::{TimeDelta, Utc};
use quarry::domain::{
    DocumentDraft, DocumentKey, FinalReason, FoundTier, Interaction, InteractionId, InteractionKind,
    LoggedSearchId, MatchTier, SearchContext, SearchFact, SessionId, SourceName,
};
use quarry::store::{NewSearch, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::folder::Folder;

/// More than one page of rows.
const SEARCHES: u128 = 1_203;

async fn fill(store: &Store) {
    let now = Utc::now();
    let draft = DocumentDraft {
        source: SourceName::parse("shop").expect("a name"),
        key: DocumentKey::parse("1").expect("a key"),
        title: None,
        text: "mouse".to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
    };
    store.upsert_documents(std::slice::from_ref(&draft)).await.expect("stores");
    let searches: Vec<NewSearch> = (0..SEARCHES)
        .map(|number| NewSearch {
            id: LoggedSearchId(Uuid::from_u128(number)),
            revision: 1,
            session: SessionId::parse("s").expect("an id"),
            user: None,
            query: format!("say \"{number}\", please"),
            query_key: format!("{number}"),
            truncated: false,
            keystrokes: 3,
            result_count: Some(if number == 0 { 0 } else { 4 }),
            tier: Some(FoundTier { last: MatchTier::Typos, relaxed: false }),
            context: SearchContext::of([
                SearchFact::sort("newest"),
                SearchFact::filter("category", "mice; =1"),
                SearchFact::filter("category", "rats"),
                SearchFact::tag("arm", "b").expect("a tag"),
            ]),
            reason: FinalReason::Submitted,
            started_at: now,
            last_keystroke_at: now + TimeDelta::milliseconds(number as i64),
        })
        .collect();
    store.log_searches(&searches).await.expect("logs");
    let sale = |number| Interaction {
        id: InteractionId(Uuid::from_u128(number)),
        kind: InteractionKind::Click,
        document: draft.id(),
        quantity: 1,
        session: None,
        user: None,
        search: None,
        position: Some(2),
        occurred_at: now,
    };
    store.record_interactions(&(0..SEARCHES).map(sale).collect::<Vec<_>>()).await.expect("records");
}

#[tokio::test]
async fn searches_and_interactions_are_exported_completely() {
    let folder = Folder::new("");
    folder.succeed(&["migrate", "up"]).await;
    let empty = folder.succeed(&["export", "searches"]).await;
    assert_eq!(folder.succeed(&["export", "searches", "--format", "jsonl"]).await, "");
    let store = Store::connect(&folder.database_url(), 2).await.expect("connects");
    fill(&store).await;

    let lines = folder.succeed(&["export", "searches", "--format", "jsonl"]).await;
    let searches: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(searches.len() as u128, SEARCHES);
    assert_eq!(searches[0]["query"], "say \"1202\", please");
    assert_eq!(searches[0]["revision"], 1);
    let context = json!({
        "sort": "newest",
        "filters": {"category": ["mice; =1", "rats"]},
        "tags": {"arm": ["b"]},
    });
    assert_eq!(searches[0]["context"], context);
    assert_eq!((&searches[0]["tier"], &searches[0]["reason"]), (&"typos".into(), &"submitted".into()));

    // No document has a tier.
    let last = searches.last().expect("a line");
    assert_eq!(
        (&last["result_count"], &last["tier"], &last["relaxed"]),
        (&0.into(), &Value::Null, &false.into())
    );

    let table = folder.succeed(&["export", "searches"]).await;
    assert_eq!(table.lines().count() as u128, SEARCHES + 1);
    assert_eq!(empty.lines().collect::<Vec<_>>(), [table.lines().next().expect("a header")]);
    let column = format!(",\"{}\",", context.to_string().replace('"', "\"\""));
    assert!(table.lines().skip(1).all(|line| line.contains(&column)));
    assert!(table.starts_with("id,session,user,query,") && table.contains("\"say \"\"7\"\", please\""));

    let lines = folder.succeed(&["export", "interactions", "--format", "jsonl"]).await;
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(lines.lines().count() as u128, SEARCHES);
    assert_eq!(
        (&first["kind"], &first["key"], &first["position"]),
        (&"click".into(), &"1".into(), &2.into())
    );

    let lines = folder.succeed(&["export", "searches", "--format", "ubi"]).await;
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(lines.lines().count() as u128, SEARCHES);
    let last: Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["query_attributes"]["result_count"], 0);
    assert_eq!(last["query_attributes"].get("tier"), None);
    assert_eq!(first["user_query"], "say \"1202\", please");
    assert_eq!((&first["query_id"], &first["client_id"]), (&searches[0]["id"], &"s".into()));
    let attributes = &first["query_attributes"];
    assert_eq!((&attributes["result_count"], &attributes["sort"]), (&4.into(), &"newest".into()));
    assert_eq!(attributes["filters"], json!({"category": ["mice; =1", "rats"]}));
    assert_eq!(attributes["tags"], json!({"arm": ["b"]}));
    let lines = folder.succeed(&["export", "interactions", "--format", "ubi"]).await;
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["action_name"], &first["message_type"]), (&"click".into(), &"CLICK".into()));
    assert_eq!(first["event_attributes"]["object"]["object_id"], "1");
    assert_eq!(first["event_attributes"]["position"], json!({"ordinal": 2}));

    let none = folder.succeed(&["export", "interactions", "--before", "2001-01-01"]).await;
    let header = "id,kind,source,key,quantity,session,user,search,position,occurred_at\n";
    assert_eq!(none, header);
    let error = folder.fail(&["export", "searches", "--from", "yesterday"]).await;
    assert!(error.contains("yesterday") && error.contains("2027-01-31"), "{error}");
    let inverted = ["export", "searches", "--from", "2027-01-01", "--before", "2026-01-01"];
    assert!(folder.fail(&inverted).await.contains("exchange both"));
}
