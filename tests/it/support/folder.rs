//! A folder with a `quarry.toml` in it, where commands are run as a user runs them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{Ended, Process};
use super::server::Server;

/// The file of settings that every command reads.
const FILE: &str = "quarry.toml";

/// A user's folder, with `data/` where quarry keeps its own; deleted when dropped.
pub(crate) struct Folder {
    home: TempDir,
}

impl Folder {
    /// A folder with these settings.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = Self { home: TempDir::new().expect("a temporary folder") };
        folder.configure(settings);
        folder
    }

    /// Replaces the settings.
    pub(crate) fn configure(&self, settings: &str) {
        std::fs::write(self.path(FILE), settings).expect("can be written");
    }

    /// Where something in the folder is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The embedded database.
    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}", self.path("data/quarry.db").display())
    }

    /// The folder of the search index.
    pub(crate) fn index(&self) -> PathBuf {
        self.path("data/index")
    }

    /// Every file below the folder of the search index.
    pub(crate) fn index_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.index(), &mut files);
        files
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_with(arguments, &[])
    }

    /// Starts a command with these variables.
    pub(crate) fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        Process::start(self.home.path(), arguments, variables)
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end().await
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) async fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, Some(0), "quarry {arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Runs a command that must fail; what it said.
    pub(crate) async fn fail(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, Some(1), "quarry {arguments:?}: {ended:?}");
        ended.stderr
    }

    /// Starts a server on a port of its own and waits until it is ready.
    pub(crate) async fn serve(&self) -> Server {
        let server = Server::start(self).await;
        server.ready().await;
        server
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
