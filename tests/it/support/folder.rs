//! A user's folder with a `quarry.toml`, where commands run.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{Process, ProcessOutput};
use super::server::Server;

/// The settings file that every command reads.
const SETTINGS_FILE: &str = "quarry.toml";

/// A user's folder with its `data/`; deleted when dropped.
pub(crate) struct Folder {
    home: TempDir,
}

impl Folder {
    /// Creates a folder with these settings.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = Self { home: TempDir::new().expect("a temporary folder") };
        folder.configure(settings);
        folder
    }

    /// Replaces the settings.
    pub(crate) fn configure(&self, settings: &str) {
        std::fs::write(self.path(SETTINGS_FILE), settings).expect("can be written");
    }

    /// Returns the path of a name in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Returns the URL of the embedded database.
    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}", self.path("data/quarry.db").display())
    }

    /// Returns the folder of the search index.
    pub(crate) fn index(&self) -> PathBuf {
        self.path("data/index")
    }

    /// Returns all files of the search index.
    pub(crate) fn index_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.index(), &mut files);
        files
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_with(arguments, &[])
    }

    /// Starts a command with these environment variables.
    pub(crate) fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        Process::start(self.home.path(), arguments, variables)
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> ProcessOutput {
        self.start(arguments).end().await
    }

    /// Runs a command that must succeed, and returns its standard output.
    pub(crate) async fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, Some(0), "quarry {arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Runs a command that must fail, and returns its standard error.
    pub(crate) async fn fail(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, Some(1), "quarry {arguments:?}: {ended:?}");
        ended.stderr
    }

    /// Starts a server on a free port and waits until it is ready.
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
