//! The data folder: its permissions, and the database that it belongs to.

mod lost_database;
mod permissions;
mod unusable;
mod vanished_files;

use crate::support::folder::Folder;
use crate::support::server::Server;

/// Starts a server and indexes one document.
async fn serve_one_document(folder: &Folder) -> Server {
    let server = folder.serve().await;
    let stored = server.endpoint.index("notes", &[("1", "Green tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    server
}
