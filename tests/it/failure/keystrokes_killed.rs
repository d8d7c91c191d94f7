//! Servers that are killed or stall between accepting keystrokes and logging the search.
//!
//! Another server, or the restarted one, logs each search once.

use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use crate::support::databases::{TestDatabase, on_postgres};
use crate::support::folder::Folder;
use crate::support::redis::{OwnRedis, command, keys};
use crate::support::search_log::Tables;
use crate::support::server::Server;
use crate::support::typing_clients::{TypedSearch, TypingClients};
use crate::support::wait::until;

/// The number of searches at the time of the failure.
const SEARCHES: usize = 40;
/// A poll interval that lets servers flush only at their start.
const NEVER: &str = "1h";
/// A short poll interval.
const OFTEN: &str = "50ms";

/// Returns the folder of a server with a poll interval.
fn folder(database: &TestDatabase, redis: &OwnRedis, poll: &str) -> Folder {
    Folder::new(&format!(
        "database_url = \"{}\"\nredis_url = \"{}\"\n[keystrokes]\nwindow = \"1s\"\npoll = \"{poll}\"",
        database.url(),
        redis.url()
    ))
}

/// Returns searches that end with Enter, and others that end by themselves.
fn visits() -> Vec<TypedSearch> {
    (0..SEARCHES).map(|number| TypedSearch::new("killed", number, number % 2 == 0)).collect()
}

/// Returns the number of claimed runs.
fn claimed(redis: &OwnRedis) -> usize {
    let keys = keys(&redis.url(), "quarry:");
    keys.iter().filter(|key| key.windows(3).any(|part| part == b":c:")).count()
}

/// Returns the number of runs that were claimed again.
fn reclaimed(redis: &OwnRedis) -> usize {
    let keys = keys(&redis.url(), "quarry:").into_iter().filter(|key| key.ends_with(b":counts"));
    let count = |key: Vec<u8>| {
        let key = String::from_utf8(key).expect("a plain key");
        command::<Option<usize>>(&redis.url(), &["HGET", &key, "r"]).unwrap_or(0)
    };
    keys.map(count).sum()
}

async fn type_all(server: &Server) {
    for search in visits() {
        let answer = search.type_at(&server.endpoint).await;
        assert!(answer.errors.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn another_server_claims_the_runs_of_a_killed_one() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        let never = folder(database, &redis, NEVER);
        let mut server = never.serve().await;
        type_all(&server).await;
        assert_eq!(server.endpoint.logging_health().await["bufferedSearches"], SEARCHES);
        server.process.kill();
        assert_eq!(claimed(&redis), 0);

        let often = folder(database, &redis, OFTEN);
        let server = often.serve().await;
        server.endpoint.assert_logged(visits().iter().map(TypedSearch::logged)).await;
        assert_eq!(server.endpoint.logging_health().await["duplicatesSuppressed"], 0);
        Tables::connect(database.url()).await.assert_rolled_up().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn claimed_runs_of_a_killed_server_are_stored_once() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        let often = folder(database, &redis, OFTEN);
        let mut server = often.serve().await;
        let tables = Tables::connect(database.url()).await;
        let blocking = block_inserts(&tables).await;
        type_all(&server).await;
        wait_for_inserts(database, 1).await;
        let held = claimed(&redis);
        assert!(held > 0, "it inserts its claimed runs");
        server.process.kill();
        blocking.rollback().await.expect("unlocks");

        // The restarted server has no privilege: its runs return when the lease expires.
        let server = often.serve().await;
        server.endpoint.assert_logged(visits().iter().map(TypedSearch::logged)).await;
        let health = server.endpoint.logging_health().await;
        assert_eq!(health["duplicatesSuppressed"], 0, "no search was stored before the kill: {health}");
        assert_eq!(health["searchesFlushed"], SEARCHES, "{health}");
        tables.assert_rolled_up().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn stored_but_unacknowledged_runs_are_not_stored_again() {
    on_postgres(async |database| {
        let mut redis = OwnRedis::start();
        let often = folder(database, &redis, OFTEN);
        let mut server = often.serve().await;
        let tables = Tables::connect(database.url()).await;
        let blocking = block_inserts(&tables).await;
        type_all(&server).await;
        wait_for_inserts(database, 1).await;
        let held = claimed(&redis) as u64;
        // From here on it can commit but not acknowledge.
        redis.kill();
        blocking.rollback().await.expect("unlocks");
        until("the commit", async || {
            (tables.number("SELECT COUNT(*) FROM search_logs").await > 0).then_some(())
        })
        .await;
        server.process.kill();
        let stored = tables.number("SELECT COUNT(*) FROM search_logs").await;
        assert_eq!(stored.cast_unsigned(), held);
        redis.resume();
        assert_eq!(claimed(&redis) as u64, held);

        let another = folder(database, &redis, OFTEN);
        let server = another.serve().await;
        server.endpoint.assert_logged(visits().iter().map(TypedSearch::logged)).await;
        let health = server.endpoint.logging_health().await;
        assert_eq!(health["duplicatesSuppressed"], held, "{health}");
        assert_eq!(health["searchesFlushed"], SEARCHES as u64 - held, "{health}");
        tables.assert_rolled_up().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stalls_beyond_its_lease_stores_no_search_twice() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        let never = folder(database, &redis, NEVER);
        let taking = never.serve().await;
        let visits = TypedSearch::submitted("stalled", SEARCHES);
        TypingClients::new(vec![taking.endpoint.clone()]).type_at_once(&visits, 1).await;
        let tables = Tables::connect(database.url()).await;
        let blocking = block_inserts(&tables).await;
        let folders = [0, 1].map(|_| folder(database, &redis, OFTEN));
        let stalled = folders[0].serve().await;
        wait_for_inserts(database, 1).await;
        stalled.process.pause();
        assert_eq!(claimed(&redis), SEARCHES, "no run is left for the other server");

        // Another server claims its runs, and both insert the same.
        let other = folders[1].serve().await;
        until("the end of the lease", async || (reclaimed(&redis) > 0).then_some(())).await;
        wait_for_inserts(database, 2).await;
        blocking.rollback().await.expect("unlocks");
        stalled.process.unpause();
        for server in [&other, &stalled] {
            server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
        }
        tables.assert_rolled_up().await;
        taking.stop().await;
        stalled.stop().await;
        other.stop().await;
    })
    .await;
}

/// Blocks inserts of searches until the transaction ends.
async fn block_inserts(tables: &Tables) -> DatabaseTransaction {
    let transaction = tables.0.begin().await.expect("begins");
    transaction.execute_unprepared("LOCK TABLE search_logs IN SHARE MODE").await.expect("locks");
    transaction
}

/// Waits until `count` inserts of searches are blocked.
async fn wait_for_inserts(database: &TestDatabase, count: i64) {
    let tables = Tables::connect(database.url()).await;
    let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'search_logs'::regclass";
    until("an insert", async || (tables.number(waiting).await >= count).then_some(())).await;
}
