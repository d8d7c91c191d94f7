//! The connection pool of a store, with options for its database.

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
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, SqlxError, Statement};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};

use super::failure::CallFailure;
use super::file::{DatabaseFile, sqlite_file};
use super::pool::test_connections;
use super::server_check::check_postgres;
use super::{Store, StoreError, StoreMetrics};
use quarry_domain::Revision;

/// The time to wait for a connection, after which a stopped database is reported.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The time that a SQLite writer waits for the writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// The idle time after which a connection is tested before use.
///
/// Stale connections of a restarted database are replaced; a test before each use would double round trips.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);
/// The page cache of a SQLite connection in KiB, as the negative number that SQLite expects.
///
/// Without room for the pages of a large transaction, they are written several times.
const CACHE_KIB: &str = "-32768";
/// The pages of 4 KiB in SQLite's write-ahead log from which a commit copies them into the database.
///
/// Pages that many commits change, such as those of indexes, are copied once.
const CHECKPOINT_PAGES: &str = "8192";
/// The rows that a SQLite connection reads ahead of their reader: to wake its thread takes longer than a row.
const ROW_BUFFER: usize = 512;
/// Attempts to open a SQLite file that another process is creating.
const OPEN_ATTEMPTS: u32 = 50;
/// The time between two attempts.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// Connects to `sqlite://path`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    ///
    /// Creates the SQLite file and its folder if they are missing.
    #[boxed]
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let mut attempt = 1;
        let database = loop {
            match Database::connect(options(url, max_connections)?).await.map_err(CallFailure::from) {
                Ok(database) => break database,
                // Two processes that create one file and enable its write-ahead log do not wait for
                // each other.
                Err(failure) if failure.is_conflict() && attempt < OPEN_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(OPEN_PAUSE).await;
                }
                Err(failure) => return Err(explain_refusal(url, failure.into()).await),
            }
        };
        if database.get_database_backend() == DbBackend::Postgres {
            check_postgres(&parse::<PgConnectOptions>(url)?).await?;
        }
        let write_lock =
            (database.get_database_backend() == DbBackend::Sqlite).then(|| Arc::new(Mutex::new(())));
        let committed = Arc::new(watch::Sender::new(Revision::ZERO));
        let file = sqlite_file(url).map(|path| Arc::new(DatabaseFile::opened(path)));
        Ok(Self {
            database,
            committed,
            write_lock,
            metrics: Arc::new(StoreMetrics::new(max_connections)),
            file,
        })
    }

    /// Checks that the database responds.
    #[boxed]
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|database| async move { Ok(database.ping().await?) }).await
    }

    /// Closes the pool of all clones of this store.
    #[boxed]
    pub async fn close(self) -> Result<(), StoreError> {
        let database: DatabaseConnection = self.database;
        Ok(database.close().await.map_err(CallFailure::from)?)
    }

    /// Calls a function after each statement, for tests of query plans.
    ///
    /// It applies to this store and its later clones.
    pub fn observe_statements(&mut self, observe: impl Fn(&Statement) + Send + Sync + 'static) {
        self.database.set_metric_callback(move |info| observe(info.statement));
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }
}

/// Replaces the timeout of the pool by the address, if it refuses connections.
async fn explain_refusal(url: &str, error: StoreError) -> StoreError {
    let server = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => parse::<PgConnectOptions>(url).ok().and_then(|options| {
            options.get_socket().is_none().then(|| (options.get_host().to_owned(), options.get_port()))
        }),
        Some("mysql" | "mariadb") => parse::<MySqlConnectOptions>(url).ok().and_then(|options| {
            options.get_socket().is_none().then(|| (options.get_host().to_owned(), options.get_port()))
        }),
        _ => None,
    };
    // A host with a leading slash is the folder of a socket.
    let Some((host, port)) = server.filter(|(host, _)| !host.starts_with('/')) else { return error };
    match tokio::time::timeout(ACQUIRE_TIMEOUT, TcpStream::connect((host.as_str(), port))).await {
        Ok(Err(cause)) if cause.kind() == ErrorKind::ConnectionRefused => {
            StoreError::Unavailable(format!("{host}:{port}: the connection was refused"))
        }
        _ => error,
    }
}

/// The options of the pool, parsed here because traces show URLs, with passwords.
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
            // Points in time are exchanged in UTC regardless of the URL.
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
        // A commit must be durable when it returns, because an index may show it at once.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Deleted rows, as of an erased person, are overwritten.
        .pragma("secure_delete", "ON")
        .pragma("cache_size", CACHE_KIB)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .row_buffer_size(ROW_BUFFER)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.map_sqlx_sqlite_opts(move |_| parsed.clone());
    // Connections to a file do not break, so they need no ping.
    options.test_before_acquire(false);
    if file.is_none() {
        // An in-memory database ends with its connection.
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
    } else {
        options.max_connections(max_connections.max(1));
    }
    Ok(options)
}

fn parse<T: FromStr<Err = SqlxError>>(url: &str) -> Result<T, StoreError> {
    url.parse().map_err(|error| {
        let error = DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error)));
        StoreError::from(CallFailure::from(error))
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
