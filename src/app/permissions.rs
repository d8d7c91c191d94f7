//! Permissions of what quarry writes: files hold what people typed, so no other user has access.
//!
//! Programs that must share these files run as the same user: every start removes the access of others.

use std::io;

use super::data_folder::MEMORY;
use super::{INDEX_FOLDER, INSTANCES_FOLDER, JOURNAL_FOLDER, whole};
use crate::config::Settings;
use crate::permissions::{Restricted, is_shared_folder};
use crate::store::sqlite_files;

/// Takes the access of other users from what quarry keeps in the data folder, and from the embedded
/// database wherever it is; one log line says what was corrected.
pub(super) fn restrict(settings: &Settings) {
    let folder = whole(&settings.data_dir);
    let mut restricted = Restricted::default();
    let note = |outcome: io::Result<()>| {
        if let Err(error) = outcome {
            tracing::warn!(%error, data_dir = %folder.display(), "permissions of the data folder could not be checked");
        }
    };
    if folder.is_dir() {
        if is_shared_folder(&folder) {
            tracing::warn!(data_dir = %folder.display(), "the data folder is one that all users share: choose another");
        } else {
            note(restricted.restrict_folder(&folder));
        }
        for name in [INDEX_FOLDER, INSTANCES_FOLDER, JOURNAL_FOLDER, MEMORY] {
            note(restricted.restrict(&folder.join(name)));
        }
    }
    for file in sqlite_files(settings.database_url.expose()) {
        note(restricted.restrict(&file));
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
