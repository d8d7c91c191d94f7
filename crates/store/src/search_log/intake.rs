//! Idempotent intake of searches.
//!
//! A claim with an expired lease is flushed again, possibly during its first flush. The database decides which
//! call inserts a row, and each call adds only its own rows to the roll-ups. All flushers lock in one order
//! (gate, ids, hours and queries, days, quarters), so they wait for each other and do not deadlock.

use quarry_runtime::boxed;
use std::collections::HashSet;

use uuid::Uuid;

use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::CallFailure;
use super::super::idempotent_rows::{IdempotentRow, insert_if_absent};
use super::super::{LogOutcome, NewSearch, Store, StoreError, StoredTime, stored};
use super::rollups::RollUps;
use super::superseding::supersede;
use super::{erasure, logged, stored_key, without_nul};

impl Store {
    /// Stores searches and adds them to the roll-ups, in one transaction.
    ///
    /// Searches whose id and revision are stored are skipped, and those of an erased person are dropped. A higher
    /// revision supersedes the row: the roll-ups count its new content only.
    #[boxed]
    pub async fn log_searches(&self, searches: &[NewSearch]) -> Result<LogOutcome, StoreError> {
        if searches.is_empty() {
            return Ok(LogOutcome::default());
        }
        self.write(searches.to_vec(), |store, searches| Box::pin(store.try_log(searches))).await
    }

    async fn try_log(&self, searches: &[NewSearch]) -> Result<LogOutcome, CallFailure> {
        let transaction = self.begin().await?;
        erasure::lock_gate_shared(&transaction).await?;
        let accepted = erasure::without_erased(&transaction, searches).await?;
        let erased = searches.len() - accepted.len();
        let (call, now) = (Uuid::new_v4(), stored(chrono::Utc::now()));
        let mut seen = HashSet::with_capacity(accepted.len());
        let mut rows: Vec<Model> = accepted
            .iter()
            .filter(|search| seen.insert(search.id))
            .map(|search| row(search, call, now))
            .collect();
        let inserted = insert_if_absent(&transaction, &rows, call).await?;
        let superseded = supersede(&transaction, &rows, &inserted).await?;
        let replaced: HashSet<Uuid> = superseded.iter().map(|row| row.id).collect();
        rows.retain(|row| inserted.contains(&row.id) || replaced.contains(&row.id));
        RollUps::change(&transaction, &rows, &superseded).await?;
        transaction.commit().await?;
        Ok(LogOutcome {
            superseded: superseded.len(),
            duplicates: accepted.len() - rows.len(),
            inserted: rows.into_iter().map(logged).collect::<Result<_, _>>()?,
            erased,
        })
    }
}

fn row(search: &NewSearch, call: Uuid, now: StoredTime) -> Model {
    Model {
        id: search.id.0,
        session_id: search.session.as_str().to_owned(),
        user_id: search.user.as_ref().map(|user| user.as_str().to_owned()),
        query: without_nul(&search.query),
        query_key: stored_key(&search.query_key),
        truncated: search.truncated,
        keystrokes: search.keystrokes,
        result_count: search.result_count,
        tier: search.tier.map(|tier| tier.last.name().to_owned()),
        relaxed: search.tier.map(|tier| tier.relaxed),
        context: Some(&search.context).filter(|of| !of.is_empty()).map(|of| without_nul(of.as_str())),
        reason: search.reason.name().to_owned(),
        started_at: stored(search.started_at),
        last_keystroke_at: stored(search.last_keystroke_at),
        logged_at: now,
        call_id: call,
        revision: search.revision,
    }
}

impl IdempotentRow for Model {
    type Table = Entity;
    const ID: Column = Column::Id;
    const CALL_ID: Column = Column::CallId;

    fn id(&self) -> Uuid {
        self.id
    }

    fn text_bytes(&self) -> usize {
        self.query.len() + self.query_key.len() + self.context.as_ref().map_or(0, String::len)
    }
}
