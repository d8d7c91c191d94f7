//! A fresh database for each test, on each of the three databases that quarry runs on.
//!
//! PostgreSQL and MariaDB are those of `tests/services.sh`. A test fails if its database is unavailable:
//! skipping it would hide defects.

use std::env;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use quarry::store::Store;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// A database of a single test, initially empty.
pub(crate) struct TestDatabase {
    url: String,
    home: Home,
}

enum Home {
    /// A folder that is deleted on drop.
    Folder(#[expect(dead_code, reason = "held for its destructor")] TempDir),
    /// A server whose database [`TestDatabase::remove`] drops.
    Server { server: String, drop: String },
}

impl TestDatabase {
    /// Selects a SQLite file in a folder that does not exist yet.
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite://{}/data/quarry.db", folder.path().display());
        Self { url, home: Home::Folder(folder) }
    }

    /// Creates a database of the shared PostgreSQL server.
    pub(crate) async fn postgres() -> Self {
        Self::on_server("QUARRY_TEST_POSTGRES_URL", " WITH (FORCE)").await
    }

    /// Creates a database of the shared MariaDB or MySQL server.
    pub(crate) async fn mysql() -> Self {
        Self::on_server("QUARRY_TEST_MYSQL_URL", "").await
    }

    async fn on_server(variable: &str, drop_option: &str) -> Self {
        let server = env::var(variable).unwrap_or_else(|_| {
            panic!(
                "{variable} is not set: run `tests/services.sh start` and `eval \"$(tests/services.sh env)\"`"
            )
        });
        let name = format!("quarry_test_{}", Uuid::new_v4().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let mut url = Url::parse(&server).expect("a URL");
        url.set_path(&name);
        let drop = format!("DROP DATABASE {name}{drop_option}");
        Self { url: url.into(), home: Home::Server { server, drop } }
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Connects a store without migrating it.
    pub(crate) async fn connect(&self) -> Store {
        Store::connect(&self.url, 4).await.expect("connects")
    }

    /// Connects and migrates a store.
    pub(crate) async fn store(&self) -> Store {
        let store = self.connect().await;
        store.migrate_up(None).await.expect("migrates");
        store
    }

    /// Executes a statement as the administrator of its server.
    pub(crate) async fn administer(&self, sql: &str) {
        let Home::Server { server, .. } = &self.home else { panic!("SQLite has no server") };
        execute(server, sql).await;
    }

    /// Drops it. (A destructor cannot await the server.)
    pub(crate) async fn remove(&self) {
        if let Home::Server { server, drop } = &self.home {
            execute(server, drop).await;
        }
    }
}

/// Executes a statement on the server at a URL.
pub(crate) async fn execute(server: &str, sql: &str) {
    let connection =
        Database::connect(server).await.expect("the server answers; is `tests/services.sh start` run?");
    connection.execute_unprepared(sql).await.expect("the statement succeeds");
    connection.close().await.expect("closes");
}

/// Runs a test on a database and drops the database, even if the test fails.
pub(crate) async fn run<F>(database: TestDatabase, test: impl FnOnce(Arc<TestDatabase>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let database = Arc::new(database);
    let outcome = tokio::spawn(test(database.clone())).await;
    database.remove().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

/// Runs a test on a PostgreSQL database and drops the database, even if the test fails.
pub(crate) async fn on_postgres(test: impl AsyncFnOnce(&TestDatabase)) {
    let database = TestDatabase::postgres().await;
    let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
    database.remove().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}

/// Declares three tests per function, one on each database:
/// `async fn name(database: Arc<TestDatabase>)`.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        $(
            mod $test {
                use crate::support::databases::{TestDatabase, run};

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    run(TestDatabase::sqlite(), super::$test).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    run(TestDatabase::postgres().await, super::$test).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn mysql() {
                    run(TestDatabase::mysql().await, super::$test).await;
                }
            }
        )+
    };
}
pub(crate) use on_each_database;
