//! Full text search of other systems on the same messages: PostgreSQL, RediSearch and SQLite.
//!
//! Each ranks the matches of all words, the last one as a prefix, and returns id and text of ten of them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use crate::load::Load;
use crate::postgres::OwnPostgres;
use crate::redis_server::OwnRedis;

/// Debian's package `redis-redisearch`.
const REDISEARCH: &str = "/usr/lib/redis/modules/redisearch.so";

/// Returns the id, author and text of each message.
fn rows(messages: &[Value]) -> impl Iterator<Item = [&str; 3]> {
    messages.iter().map(|of| ["id", "user_name", "message"].map(|name| of[name].as_str().unwrap()))
}

fn size(megabytes: f64) -> String {
    format!("{megabytes:.1} MiB")
}

/// PostgreSQL with a GIN index, measured by `pgbench` with prepared statements.
pub(crate) struct FullTextPostgres {
    server: OwnPostgres,
    pub(crate) size: String,
}

impl FullTextPostgres {
    /// Returns `None` if PostgreSQL is not installed.
    pub(crate) async fn load(messages: &[Value]) -> Option<Self> {
        let server = OwnPostgres::start()?;
        let database = Database::connect(server.url("postgres")).await.unwrap();
        database
            .execute_unprepared(
                "CREATE TABLE messages (id text PRIMARY KEY, author text, text text, words tsvector
                     GENERATED ALWAYS AS (to_tsvector('english', text || ' ' || author)) STORED)",
            )
            .await
            .unwrap();
        insert(&database, DbBackend::Postgres, messages).await;
        database.execute_unprepared("CREATE INDEX by_words ON messages USING gin (words)").await.unwrap();
        database.execute_unprepared("VACUUM ANALYZE messages").await.unwrap();
        let bytes = "SELECT pg_total_relation_size('messages') AS bytes".to_owned();
        let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, bytes)).await.unwrap();
        let bytes: i64 = row.unwrap().try_get("", "bytes").unwrap();
        Some(Self { server, size: size(bytes as f64 / f64::from(1 << 20)) })
    }

    /// Measures searches in random order from a number of connections.
    pub(crate) fn measure(&self, queries: &[&str], connections: usize, seconds: u64) -> Load {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(self.server.bin.join("pgbench"));
        command.current_dir(&folder).args(["-n", "-M", "prepared", "-j", "1", "--log", "-c"]);
        command.arg(connections.to_string()).arg("-T").arg(seconds.to_string());
        for (at, query) in queries.iter().enumerate() {
            let words: Vec<&str> = query.split(' ').collect();
            let path = folder.path().join(format!("{at}.sql"));
            let sql = format!(
                "SELECT id, text FROM messages, to_tsquery('english', '{}:*') query WHERE words @@ query \
                 ORDER BY ts_rank(words, query) DESC LIMIT 10;",
                words.join(" & ")
            );
            std::fs::write(&path, sql).unwrap();
            command.arg("-f").arg(path);
        }
        let output = command.arg(self.server.url("postgres")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut times = Histogram::<u64>::new(3).unwrap();
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                continue;
            }
            let log = std::fs::read_to_string(path).unwrap();
            log.lines().for_each(|line| times += line.split(' ').nth(2).unwrap().parse::<u64>().unwrap());
        }
        load_of(&times, Duration::from_secs(seconds))
    }
}

/// RediSearch, measured by `redis-benchmark` query by query.
pub(crate) struct RediSearch {
    server: OwnRedis,
    pub(crate) size: String,
}

impl RediSearch {
    /// Returns `None` if the module is not installed.
    pub(crate) fn load(messages: &[Value]) -> Option<Self> {
        if !Path::new(REDISEARCH).exists() {
            return None;
        }
        let server = OwnRedis::start_with(&["--loadmodule", REDISEARCH]);
        let mut connection = server.connect();
        let bytes = |connection: &mut redis::Connection| -> f64 {
            let memory: String = redis::cmd("INFO").arg("memory").query(connection).unwrap();
            let line = memory.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
            line.trim().parse().unwrap()
        };
        let before = bytes(&mut connection);
        let create = ["messages", "SCHEMA", "text", "TEXT", "author", "TEXT"];
        let _: String = redis::cmd("FT.CREATE").arg(&create).query(&mut connection).unwrap();
        for [id, author, text] in rows(messages) {
            let add = ["messages", id, "1.0", "FIELDS", "text", text, "author", author];
            let _: String = redis::cmd("FT.ADD").arg(&add).query(&mut connection).unwrap();
        }
        let size = size((bytes(&mut connection) - before) / f64::from(1 << 20));
        Some(Self { server, size })
    }

    pub(crate) fn measure(&self, queries: &[&str], connections: usize, seconds: u64) -> Load {
        let requests = 500 * seconds;
        let loads: Vec<Load> = queries
            .iter()
            .map(|query| {
                let mut command = Command::new("redis-benchmark");
                command.args(["--csv", "--precision", "3", "-c", &connections.to_string()]);
                command.args(["-n", &requests.to_string(), "-p", &self.server.port().to_string()]);
                command.args(["FT.SEARCH", "messages", &format!("{query}*"), "RETURN", "1", "text"]);
                command.args(["LIMIT", "0", "10"]);
                let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
                Load::of_redis_benchmark(&output, requests as f64)
            })
            .collect();
        let took: f64 = loads.iter().map(|load| load.requests / load.a_second).sum();
        let requests: f64 = loads.iter().map(|load| load.requests).sum();
        let mut p50: Vec<f64> = loads.iter().map(|load| load.p50_ms).collect();
        p50.sort_by(f64::total_cmp);
        let p99_ms = loads.iter().map(|load| load.p99_ms).fold(0.0, f64::max);
        Load { requests, a_second: requests / took, p50_ms: p50[p50.len() / 2], p99_ms }
    }
}

/// FTS5 of SQLite, in this process.
pub(crate) struct FullTextSqlite {
    database: DatabaseConnection,
    pub(crate) size: String,
}

impl FullTextSqlite {
    pub(crate) async fn load(folder: &Path, messages: &[Value]) -> Self {
        let file = folder.join("messages.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
        options.max_connections(2).sqlx_logging(false);
        let database = Database::connect(options).await.unwrap();
        let table = "CREATE VIRTUAL TABLE messages USING fts5(id UNINDEXED, author, text, tokenize = 'porter unicode61')";
        database.execute_unprepared(table).await.unwrap();
        insert(&database, DbBackend::Sqlite, messages).await;
        database.execute_unprepared("INSERT INTO messages(messages) VALUES ('optimize')").await.unwrap();
        let bytes = std::fs::metadata(&file).unwrap().len();
        Self { database, size: size(bytes as f64 / f64::from(1 << 20)) }
    }

    pub(crate) async fn measure(&self, queries: &[&str], callers: usize, seconds: u64) -> Load {
        let statements = queries.iter().map(|query| {
            let of = "SELECT id, text FROM messages WHERE messages MATCH $1 ORDER BY rank LIMIT 10";
            Statement::from_sql_and_values(DbBackend::Sqlite, of, [format!("{query}*").into()])
        });
        let statements: Arc<[Statement]> = statements.collect();
        let started = Instant::now();
        let callers: Vec<_> = (0..callers)
            .map(|caller| {
                let (database, statements) = (self.database.clone(), statements.clone());
                tokio::spawn(async move {
                    let mut times = Histogram::<u64>::new(3).unwrap();
                    for at in caller.. {
                        let began = Instant::now();
                        if began - started > Duration::from_secs(seconds) {
                            break;
                        }
                        let statement = statements[at % statements.len()].clone();
                        assert!(!database.query_all_raw(statement).await.unwrap().is_empty());
                        times += u64::try_from(began.elapsed().as_micros()).unwrap();
                    }
                    times
                })
            })
            .collect();
        let mut times = Histogram::<u64>::new(3).unwrap();
        for caller in callers {
            times += caller.await.unwrap();
        }
        load_of(&times, started.elapsed())
    }
}

async fn insert(database: &DatabaseConnection, backend: DbBackend, messages: &[Value]) {
    let into = "INSERT INTO messages (id, author, text) VALUES ($1, $2, $3)";
    for row in rows(messages) {
        let statement = Statement::from_sql_and_values(backend, into, row.map(Into::into));
        database.execute_raw(statement).await.unwrap();
    }
}

fn load_of(times: &Histogram<u64>, took: Duration) -> Load {
    let ms = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
    let requests = times.len() as f64;
    Load { requests, a_second: requests / took.as_secs_f64(), p50_ms: ms(0.5), p99_ms: ms(0.99) }
}
