//! Taking searches in: each id once, however often and by whomever it is brought.
//!
//! A claim whose lease ended is flushed again, maybe while its first flush still runs. Whose row
//! of an id it is, the database decides; a token in the row says so, and only what a call itself
//! inserted does it add to the roll-ups. All flushers lock in one order (the gate, ids, hours and
//! queries, days, quarters), so they wait for each other and do not collide.

use quarry_runtime::boxed;
use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use uuid::Uuid;

use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::Failure;
use super::super::own_rows::{OwnRow, insert_own};
use super::super::{LogOutcome, NewSearch, Store, StoreError, StoredTime, stored};
use super::rollups::RollUps;
use super::{erasure, logged, reason_name, stored_key, without_nul};

const COLUMNS: [Column; 13] = [
    Column::Id,
    Column::SessionId,
    Column::UserId,
    Column::Query,
    Column::QueryKey,
    Column::Truncated,
    Column::Keystrokes,
    Column::ResultCount,
    Column::Reason,
    Column::StartedAt,
    Column::LastKeystrokeAt,
    Column::LoggedAt,
    Column::CallId,
];

impl Store {
    /// Stores searches and counts them in the roll-ups, in one transaction. Those whose id is
    /// stored already are passed over, and so are those of a person who was erased.
    #[boxed]
    pub async fn log_searches(&self, searches: &[NewSearch]) -> Result<LogOutcome, StoreError> {
        if searches.is_empty() {
            return Ok(LogOutcome::default());
        }
        self.write(searches.to_vec(), |store, searches| Box::pin(store.try_log(searches))).await
    }

    async fn try_log(&self, searches: &[NewSearch]) -> Result<LogOutcome, Failure> {
        let transaction = self.begin().await?;
        erasure::pass_gate(&transaction).await?;
        let kept = erasure::without_erased(&transaction, searches).await?;
        let erased = searches.len() - kept.len();
        let (call, now) = (Uuid::new_v4(), stored(chrono::Utc::now()));
        let mut seen = HashSet::with_capacity(kept.len());
        let mut rows: Vec<Model> = kept
            .iter()
            .filter(|search| seen.insert(search.id))
            .map(|search| row(search, call, now))
            .collect();
        let own = insert_own(&transaction, &rows, call).await?;
        rows.retain(|row| own.contains(&row.id));
        RollUps::of(&rows).add(&transaction).await?;
        transaction.commit().await?;
        Ok(LogOutcome {
            duplicates: kept.len() - rows.len(),
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
        reason: reason_name(search.reason).to_owned(),
        started_at: stored(search.started_at),
        last_keystroke_at: stored(search.last_keystroke_at),
        logged_at: now,
        call_id: call,
    }
}

impl OwnRow for Model {
    type Entity = Entity;
    type Column = Column;
    const ID: Column = Column::Id;
    const CALL_ID: Column = Column::CallId;
    const COLUMNS: &'static [Column] = &COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn text_bytes(&self) -> usize {
        self.query.len() + self.query_key.len()
    }

    fn values(&self) -> Vec<Expr> {
        vec![
            self.id.into(),
            self.session_id.as_str().into(),
            self.user_id.clone().into(),
            self.query.as_str().into(),
            self.query_key.as_str().into(),
            self.truncated.into(),
            self.keystrokes.into(),
            self.result_count.into(),
            self.reason.as_str().into(),
            self.started_at.into(),
            self.last_keystroke_at.into(),
            self.logged_at.into(),
            self.call_id.into(),
        ]
    }
}
