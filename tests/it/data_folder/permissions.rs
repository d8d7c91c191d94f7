//! Files contain typed text, so no other user of the machine can read them, with any umask.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::folder::Folder;
use crate::support::process::Process;
use crate::support::server::Server;
use crate::support::typing_clients::TypedSearch;

const UMASK: &str = "umask 022";

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().expect("is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("can be changed");
}

/// Returns a folder and all paths in it.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() { found.extend(all_below(&path)) } else { found.push(path) }
    }
    found
}

#[track_caller]
fn assert_closed(folder: &Path) {
    for path in all_below(folder).iter().filter(|path| !path.is_symlink()) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}: {:o}", path.display(), mode(path));
    }
}

/// Returns true if an unprivileged user can read a file.
fn others_can_read(path: &Path) -> bool {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"]).arg(path);
    let read = command.output().is_ok_and(|output| output.status.success());
    read || mode(path) & 0o077 != 0
}

/// Starts a server and creates each kind of file.
async fn serve_all_files(folder: &Folder) -> Server {
    let server = Server::start_in_shell(folder, UMASK).await;
    server.ready().await;
    let stored = server.endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    TypedSearch::new("person", 1, false).type_at(&server.endpoint).await;
    server
}

#[tokio::test]
async fn other_users_cannot_read_the_files_of_a_server() {
    let folder = Folder::new("[keystrokes]\nwindow = \"10m\"");
    // Others can traverse the parent, so that the data folder's own permissions count.
    set_mode(&folder.path(""), 0o755);
    let server = serve_all_files(&folder).await;
    let data = folder.path("data");
    assert_closed(&data);
    let paths = all_below(&data);
    for part in
        ["quarry.db", "quarry.db-wal", "quarry.db-shm", ".journal", "keystrokes/lock", "meta.json", ".lock"]
    {
        let path = paths.iter().find(|path| path.to_string_lossy().ends_with(part));
        let path = path.unwrap_or_else(|| panic!("no {part}: {paths:?}"));
        assert!(!others_can_read(path), "{}", path.display());
    }
    server.stop().await;
    assert_closed(&data);

    // A database elsewhere is restricted as well, but not its folder.
    let shared = folder.path("shared");
    fs::create_dir(&shared).expect("can be created");
    set_mode(&shared, 0o755);
    folder.configure("data_dir = \"other\"\ndatabase_url = \"sqlite://shared/some.db\"");
    let server = serve_all_files(&folder).await;
    assert_closed(&folder.path("other"));
    for file in ["some.db", "some.db-wal", "some.db-shm"] {
        assert_eq!(mode(&shared.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&shared), 0o755);
    server.stop().await;
}

#[tokio::test]
async fn permissions_of_existing_files_are_corrected_and_logged() {
    let folder = Folder::new("[keystrokes]\nwindow = \"10m\"");
    let mut server = serve_all_files(&folder).await;
    server.process.kill();
    let data = folder.path("data");
    for path in all_below(&data) {
        set_mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
    }
    // Targets of links, and files of others, stay unchanged.
    let (elsewhere, script) = (folder.path("elsewhere"), data.join("backup.sh"));
    for path in [&elsewhere, &script] {
        fs::write(path, "").expect("can be written");
        set_mode(path, 0o755);
    }
    symlink(&elsewhere, data.join("index/link")).expect("can be created");

    let server = folder.serve().await;
    assert_eq!([mode(&elsewhere), mode(&script), mode(&data)], [0o755, 0o755, 0o700]);
    fs::remove_file(&script).expect("can be removed");
    assert_closed(&data);
    let log = server.stop().await.stderr;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("permissions corrected")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(
        lines[0].contains(" WARN ") && lines[0].contains("folders=") && lines[0].contains("files="),
        "{log}"
    );

    let server = folder.serve().await;
    assert!(!server.stop().await.stderr.contains("permissions corrected"), "no correction is left");
}

#[tokio::test]
async fn each_writing_command_restricts_permissions() {
    let folder = Folder::new("");
    for arguments in [&["migrate", "up"][..], &["reindex"], &["seed", "--products", "20", "--sales", "20"]] {
        let process = Process::start_in_shell(&folder.path(""), UMASK, arguments, &[]);
        let ended = process.end().await;
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        assert_closed(&folder.path("data"));
    }
}
