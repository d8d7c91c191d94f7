//! Connecting: one pool for each store, set up for the database at hand.

use quarry_runtime::boxed;
use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, SqlxError};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};

use super::failure::Failure;
use super::file::{DatabaseFile, sqlite_file};
use super::pool::test_connections;
use super::{Store, StoreError, StoreMetrics};
use quarry_domain::Revision;

/// How long a call waits for a connection: a stopped database is reported after this.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a SQLite writer waits for the writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that was idle for this long is tested before it is used, so that those that a
/// restarted database left behind are replaced; testing each time would double each round trip.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);
/// How often a SQLite file is tried that another process is just creating.
const OPEN_ATTEMPTS: u32 = 50;
/// Between two such tries.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// Connects to `sqlite://path`, `sqlite::memory:`, `postgres://…` or `mysql://…`; creates the
    /// SQLite file and its folder where they are missing.
    #[boxed]
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let mut attempt = 1;
        let database = loop {
            match Database::connect(options(url, max_connections)?).await.map_err(Failure::from) {
                Ok(database) => break database,
                // Two processes that create one file and switch it to write-ahead logging collide
                // without waiting for each other.
                Err(failure) if failure.is_conflict() && attempt < OPEN_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(OPEN_PAUSE).await;
                }
                Err(failure) => return Err(explained(url, failure.into()).await),
            }
        };
        let turns = (database.get_database_backend() == DbBackend::Sqlite).then(|| Arc::new(Mutex::new(())));
        let committed = Arc::new(watch::Sender::new(Revision::ZERO));
        let file = sqlite_file(url).map(|path| Arc::new(DatabaseFile::opened(path)));
        Ok(Self { database, committed, turns, metrics: Arc::new(StoreMetrics::new(max_connections)), file })
    }

    /// Answers when the database does.
    #[boxed]
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|database| async move { Ok(database.ping().await?) }).await
    }

    /// Closes the pool, of every clone of this store.
    #[boxed]
    pub async fn close(self) -> Result<(), StoreError> {
        let database: DatabaseConnection = self.database;
        Ok(database.close().await.map_err(Failure::from)?)
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }
}

/// The pool only says that it waited in vain. Where nothing listens at all, says so, and where that is.
async fn explained(url: &str, error: StoreError) -> StoreError {
    let server = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => parse::<PgConnectOptions>(url).ok().and_then(|options| {
            options.get_socket().is_none().then(|| (options.get_host().to_owned(), options.get_port()))
        }),
        Some("mysql" | "mariadb") => parse::<MySqlConnectOptions>(url).ok().and_then(|options| {
            options.get_socket().is_none().then(|| (options.get_host().to_owned(), options.get_port()))
        }),
        _ => None,
    };
    // A host that begins with a slash is the folder of a socket.
    let Some((host, port)) = server.filter(|(host, _)| !host.starts_with('/')) else { return error };
    match tokio::time::timeout(ACQUIRE_TIMEOUT, TcpStream::connect((host.as_str(), port))).await {
        Ok(Err(cause)) if cause.kind() == ErrorKind::ConnectionRefused => {
            StoreError::Unavailable(format!("{host}:{port}: the connection was refused"))
        }
        _ => error,
    }
}

/// The pool's options. The URL is parsed here and handed on as options: what is handed on as a
/// URL shows up in traces, with its password.
fn options(url: &str, max_connections: u32) -> Result<ConnectOptions, StoreError> {
    let mut options = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => sqlite_options(url, max_connections)?,
        Some("postgres" | "postgresql") => {
            let parsed: PgConnectOptions = parse(url)?;
            let parsed = parsed.application_name("quarry").disable_statement_logging();
            let mut options = ConnectOptions::new("postgres://localhost");
            options
                .map_sqlx_postgres_opts(move |_| parsed.clone())
                .max_connections(max_connections.max(1))
                .test_before_acquire_if_idle_for(TEST_AFTER_IDLE);
            options
        }
        Some("mysql" | "mariadb") => {
            let parsed: MySqlConnectOptions = parse(url)?;
            // Points in time are exchanged as UTC, whatever the URL says.
            let parsed = parsed.timezone(Some("+00:00".to_owned())).disable_statement_logging();
            let mut options = ConnectOptions::new("mysql://localhost");
            options
                .map_sqlx_mysql_opts(move |_| parsed.clone())
                .max_connections(max_connections.max(1))
                .test_before_acquire_if_idle_for(TEST_AFTER_IDLE);
            options
        }
        _ => {
            return Err(StoreError::Refused(
                "the database URL must begin with sqlite:, postgres:// or mysql://".to_owned(),
            ));
        }
    };
    test_connections(&mut options);
    options.acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false).record_stmt_in_spans(false);
    Ok(options)
}

fn sqlite_options(url: &str, max_connections: u32) -> Result<ConnectOptions, StoreError> {
    let parsed: SqliteConnectOptions = parse(url)?;
    let file = sqlite_file(url);
    if let Some(file) = &file {
        create_folder(file)?;
    }
    let parsed = parsed
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk when it returns: an index may already show it.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.map_sqlx_sqlite_opts(move |_| parsed.clone());
    // A file does not go away, so its connections need no ping.
    options.test_before_acquire(false);
    if file.is_none() {
        // The database lives as long as its one connection.
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
    } else {
        options.max_connections(max_connections.max(1));
    }
    Ok(options)
}

fn parse<T: FromStr<Err = SqlxError>>(url: &str) -> Result<T, StoreError> {
    url.parse().map_err(|error| {
        let error = DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error)));
        StoreError::from(Failure::from(error))
    })
}

fn create_folder(file: &Path) -> Result<(), StoreError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        StoreError::Unavailable(format!("the folder {} cannot be created: {error}", folder.display()))
    })
}
