//! Erased data leaves the files of an embedded database, and the sessions of an erased user are known.

use std::path::Path;
use std::sync::Arc;

use quarry::domain::{Interaction, Searcher, SessionId};
use quarry::store::{NewSearch, Store};
use tempfile::TempDir;

use super::super::at;
use super::super::interactions::{one_product, sale};
use super::{everything, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(the_sessions_of_a_user_are_known);

const CANARY: &str = "kanarienvogel";

fn of_user(id: &str, search: NewSearch) -> NewSearch {
    NewSearch { user: Some(user(id)), ..search }
}

/// The files of the folder that contain the canary, each with its context.
fn files_with_canary(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(CANARY.len()).position(|window| window == CANARY.as_bytes());
        found.extend(at.map(|at| {
            let context = String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]);
            format!("{} at {at}: {context:?}", path.display())
        }));
    }
    found
}

#[tokio::test]
async fn erased_texts_and_ids_leave_the_files_of_sqlite() {
    let folder = TempDir::new().unwrap();
    let store = Store::connect(&format!("sqlite://{}/quarry.db", folder.path().display()), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    // Enough for pages to be split and merged.
    let searches: Vec<NewSearch> = (0..3_000)
        .map(|number| {
            let text = format!("{} {number}", if number % 3 == 0 { CANARY } else { "bus" });
            let of = if number % 3 == 0 { CANARY } else { "s" };
            search(number, of, &text, number as i64)
        })
        .collect();
    for some in searches.chunks(500) {
        store.log_searches(some).await.unwrap();
    }
    while store.roll_up_searches(at("2026-11-29T00:00:00Z")).await.unwrap() {}
    assert!(!files_with_canary(folder.path()).is_empty());
    let erased = Searcher::Session(session(CANARY));
    assert_eq!(store.erase_searches(&erased, at("2026-11-20T23:00:00Z")).await.unwrap(), 1_000);
    store.scrub().await.unwrap();
    assert_eq!(files_with_canary(folder.path()), Vec::<String>::new());
    assert_eq!(everything(&store).await.len(), 2_000);
}

async fn the_sessions_of_a_user_are_known(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store
        .log_searches(&[
            search(1, "own", "before the login", 1),
            of_user("ann", search(2, "own", "vitamins", 2)),
            search(3, "shared", "anonymous", 3),
            of_user("ann", search(4, "shared", "hats", 4)),
            of_user("bob", search(5, "shared", "shoes", 5)),
            search(6, "other", "tea", 6),
        ])
        .await
        .unwrap();
    // Two users of a session need not both search.
    let product = one_product(&store).await;
    let bought = |number, by: &str| Interaction {
        session: Some(session("shop")),
        user: Some(user(by)),
        ..sale(number, product, 1, 1)
    };
    store.record_interactions(&[bought(1, "ann"), bought(2, "bob")]).await.unwrap();
    let sessions: Vec<(SessionId, bool)> = store.sessions_of(&user("ann")).await.unwrap();
    assert_eq!(sessions, [(session("own"), true), (session("shared"), false), (session("shop"), false)]);
    assert_eq!(store.sessions_of(&user("nobody")).await.unwrap(), []);
    assert_eq!(store.erase_anonymous_searches(&session("shared")).await.unwrap(), 1);
    assert_eq!(store.erase_anonymous_searches(&session("shared")).await.unwrap(), 0);
    let left: Vec<String> = everything(&store).await.into_iter().map(|search| search.query).collect();
    assert_eq!(left, ["tea", "shoes", "hats", "vitamins", "before the login"]);
}
