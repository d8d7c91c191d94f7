//! A PostgreSQL server of a single test, which it may stop.
//!
//! Other tests share the server of `tests/services.sh`, which runs throughout.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::port::free_port;

/// Ports for [`free_port`].
const PORTS: std::ops::Range<u16> = 21_000..29_000;

/// A PostgreSQL server; stopped and deleted when dropped.
pub(crate) struct OwnPostgres {
    home: TempDir,
    bin: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// Creates and starts a server.
    pub(crate) fn start() -> Self {
        let home = TempDir::new().expect("a temporary folder");
        // PostgreSQL does not run as root, so it runs as the user of its package.
        give_to(home.path(), "postgres");
        let server = Self { home, bin: programs(), port: free_port(PORTS) };
        let mut initdb = server.program("initdb");
        initdb.args(["--username", "quarry", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]);
        run(initdb.arg("--pgdata").arg(server.data()));
        server.resume();
        server
    }

    /// Returns the URL of its default database.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Returns the URL of a database that a test created.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://quarry@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops it at once, as after a power cut: connections break, and it recovers at the next start.
    pub(crate) fn cut_off(&self) {
        run(self.control("stop").args(["--mode", "immediate"]));
    }

    /// Starts it again with its data.
    pub(crate) fn resume(&self) {
        let port = self.port;
        let options = format!("-p {port} -h 127.0.0.1 -k '' -c fsync=off -c full_page_writes=off");
        run(self.control("start").args(["--silent", "--wait", "--options", &options]));
    }

    fn control(&self, action: &str) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg(action).arg("--pgdata").arg(self.data());
        command.arg("--log").arg(self.home.path().join("server.log"));
        command
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Creates the command of one of its programs, as its user.
    fn program(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // It may have been stopped before.
        let _ = self.control("stop").args(["--mode", "immediate"]).output();
    }
}

/// Returns true if this process runs as root.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

/// Changes the owner of a folder, if this process runs as root.
pub(crate) fn give_to(folder: &Path, user: &str) {
    if is_root() {
        run(Command::new("chown").arg(format!("{user}:")).arg(folder));
    }
}

/// Returns the programs of the newest PostgreSQL, which Debian does not add to the PATH.
fn programs() -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed by tests/services.sh");
    let newest = versions
        .map(|version| version.expect("an entry").path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.expect("a version of PostgreSQL").join("bin")
}

fn run(command: &mut Command) {
    // A server inherits open files, so a pipe would never end.
    let log = TempDir::new().expect("a temporary folder");
    let log = log.path().join("output");
    let (out, err) = (open(&log), open(&log));
    let status = command.stdout(out).stderr(err).status().expect("runs");
    let output = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(status.success(), "{command:?}: {output}");
}

fn open(path: &Path) -> std::fs::File {
    std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a file")
}
