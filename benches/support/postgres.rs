//! A PostgreSQL for the benchmark, with its defaults: it syncs to the disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::free_address;

/// A running PostgreSQL; stopped and deleted when dropped.
pub(crate) struct OwnPostgres {
    home: TempDir,
    /// The folder of its programs.
    pub(crate) bin: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// Creates and starts a server; `None` if PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let bin = programs()?;
        let home = TempDir::new().unwrap();
        if is_root() {
            // PostgreSQL does not run as root, so it runs as the user of its package.
            run(Command::new("chown").arg("postgres:").arg(home.path()));
        }
        let server = Self { home, bin, port: free_address().port() };
        let mut initdb = server.program("initdb");
        initdb.args(["--username", "quarry", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]);
        run(initdb.arg("--pgdata").arg(server.data()));
        let options = format!("-p {} -h 127.0.0.1 -k ''", server.port);
        run(server.control("start").args(["--silent", "--wait", "--options", &options]));
        Some(server)
    }

    /// Returns the URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://quarry@127.0.0.1:{}/{database}", self.port)
    }

    /// Returns the id of the postmaster process.
    pub(crate) fn id(&self) -> u32 {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
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
        let mut stop = self.control("stop");
        let _ = stop.args(["--mode", "immediate"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// Returns the programs of the newest PostgreSQL, which Debian does not add to the PATH.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let numbered = versions.filter_map(|version| {
        let path = version.ok()?.path();
        Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path.join("bin")))
    });
    numbered.max().map(|(_, bin)| bin).filter(|bin| Path::exists(&bin.join("initdb")))
}

fn run(command: &mut Command) {
    // A server inherits open files, so a pipe would never end.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
