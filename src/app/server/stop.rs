//! Closes the buffer and the store after the workers of a server have ended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::app::database::{DatabaseRecord, DatabaseState};
use crate::keystroke::LocalBuffer;
use crate::store::Store;
use crate::supervisor::StopError;

/// The time limit for closing the connection pool.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Closes the buffer and the store, and records that the database is complete.
pub(super) async fn close(
    mut record: DatabaseRecord,
    ended: Result<(), StopError>,
    buffer: Option<Arc<LocalBuffer>>,
    store: Store,
) -> Result<()> {
    if let Some(buffer) = buffer {
        buffer.close().await?;
    }
    ended?;
    // An aborted call may hold its connection for longer than a stopping process has.
    match tokio::time::timeout(CLOSE_TIMEOUT, store.close()).await {
        Ok(closed) => closed?,
        Err(_) => {
            tracing::warn!("the database was not closed in time: it recovers at the next start");
            return Ok(());
        }
    }
    record.set_state(DatabaseState::Closed)
}
