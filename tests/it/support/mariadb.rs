//! A MariaDB server of a single test. Other tests share that of `tests/services.sh`.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use sea_orm::Database;
use tempfile::TempDir;

use super::databases::execute;
use super::port::free_port;
use super::postgres::{give_to, is_root};
use super::wait::until;

/// The database of quarry, which is also the folder of its tables.
pub(crate) const DATABASE: &str = "quarry";
/// The file of its output.
const LOG: &str = "log";
/// The interval of checks whether it has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// Ports for [`free_port`].
const PORTS: std::ops::Range<u16> = 21_000..29_000;
/// An administrator, and a user of the database `quarry` alone.
const USERS: &str = "CREATE DATABASE IF NOT EXISTS quarry;
CREATE USER IF NOT EXISTS administrator@'127.0.0.1' IDENTIFIED BY 'right';
GRANT ALL PRIVILEGES ON *.* TO administrator@'127.0.0.1';
CREATE USER IF NOT EXISTS quarry@'127.0.0.1' IDENTIFIED BY 'right';
GRANT ALL PRIVILEGES ON quarry.* TO quarry@'127.0.0.1';
";

/// A MariaDB server that restarts whenever it ends, as under a service manager; killed when dropped.
///
/// With a full disk, it sometimes aborts.
pub(crate) struct OwnMariadb {
    home: TempDir,
    stopping: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
    port: u16,
}

impl OwnMariadb {
    /// Creates a server whose data folder `prepare` may mount, and starts it.
    pub(crate) async fn start(prepare: impl FnOnce(&Path)) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let data = home.path().join("data");
        std::fs::create_dir(&data).expect("a new folder");
        let as_user: &'static [&'static str] = if is_root() { &["--user=mysql"] } else { &[] };
        // The server drops the privileges of root.
        give_to(home.path(), "mysql");
        give_to(&data, "mysql");
        let mut install = Command::new("mariadb-install-db");
        install.arg("--no-defaults").args(as_user).arg(format!("--datadir={}", data.display()));
        let installed = logged(install.arg("--skip-test-db"), home.path()).status();
        assert!(
            installed.expect("MariaDB is installed by tests/services.sh").success(),
            "{}",
            log(home.path())
        );
        prepare(&data);
        std::fs::write(home.path().join("users.sql"), USERS).expect("can be written");
        let port = free_port(PORTS);
        let arguments =
            [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid"), ("init-file", "users.sql")]
                .map(|(option, name)| format!("--{option}={}", home.path().join(name).display()));
        let folder = home.path().to_owned();
        let spawn = move || {
            let mut server = Command::new("mariadbd");
            server.arg("--no-defaults").args(as_user).args(&arguments).arg(format!("--port={port}"));
            server.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
            logged(&mut server, &folder).spawn().expect("starts")
        };
        let mut server = spawn();
        let stopping = Arc::new(AtomicBool::new(false));
        let keeper = std::thread::spawn({
            let stopping = stopping.clone();
            move || {
                while !stopping.load(Ordering::Acquire) {
                    if server.try_wait().expect("a status").is_some() {
                        server = spawn();
                    }
                    std::thread::sleep(CHECK_INTERVAL);
                }
                let _ = server.kill();
                let _ = server.wait();
            }
        });
        let own = Self { home, stopping, keeper: Some(keeper), port };
        until("a MariaDB that answers", async || Database::connect(own.url()).await.ok()?.close().await.ok())
            .await;
        own
    }

    /// Returns the URL of its database.
    pub(crate) fn url(&self) -> String {
        format!("mysql://quarry:right@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Executes a statement as its administrator.
    pub(crate) async fn administer(&self, sql: &str) {
        let url = format!("mysql://administrator:right@127.0.0.1:{}/mysql", self.port);
        execute(&url, sql).await;
    }
}

impl Drop for OwnMariadb {
    #[expect(clippy::print_stderr, reason = "a failed test shows its output")]
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
        if std::thread::panicking() {
            eprintln!("MariaDB wrote:\n{}", log(self.home.path()));
        }
    }
}

fn logged<'c>(command: &'c mut Command, home: &Path) -> &'c mut Command {
    let open = || File::options().create(true).append(true).open(home.join(LOG)).expect("a log");
    command.stdin(Stdio::null()).stdout(open()).stderr(open())
}

fn log(home: &Path) -> String {
    std::fs::read_to_string(home.join(LOG)).unwrap_or_default()
}
