//! Permissions of the files that quarry writes: they contain typed text, so no other user has access.
//!
//! Programs that share these files run as the same user: every start removes the access of others.

use std::io;

use super::data_folder::{DATABASE_FILE, INDEX_FOLDER, INSTANCES_FOLDER, JOURNAL_FOLDER, absolute};
use crate::config::Settings;
use crate::permissions::{Restricted, is_shared_folder};
use crate::store::sqlite_files;

/// Removes the access of other users to the data folder and to the embedded database, wherever it is.
///
/// One log line reports the corrections.
pub(super) fn restrict(settings: &Settings) {
    let folder = absolute(&settings.data_dir);
    let mut restricted = Restricted::default();
    let log_error = |outcome: io::Result<()>| {
        if let Err(error) = outcome {
            tracing::warn!(%error, data_dir = %folder.display(), "permissions of the data folder could not be checked");
        }
    };
    if folder.is_dir() {
        if is_shared_folder(&folder) {
            tracing::warn!(data_dir = %folder.display(), "all users share the data folder: choose another one");
        } else {
            log_error(restricted.restrict_folder(&folder));
        }
        for name in [INDEX_FOLDER, INSTANCES_FOLDER, JOURNAL_FOLDER, DATABASE_FILE] {
            log_error(restricted.restrict(&folder.join(name)));
        }
    }
    for file in sqlite_files(settings.database_url.expose()) {
        log_error(restricted.restrict(&file));
    }
    if restricted.folders + restricted.files > 0 {
        tracing::warn!(
            data_dir = %folder.display(),
            folders = restricted.folders,
            files = restricted.files,
            "permissions corrected: other users had access to these files"
        );
    }
    if restricted.failed > 0 {
        tracing::warn!(
            data_dir = %folder.display(),
            files = restricted.failed,
            "other users have access to files that belong to another user: change their owner or their permissions"
        );
    }
}
