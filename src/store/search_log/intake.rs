//! Taking searches in: each id once, however often and by whomever it is brought.
//!
//! A claim whose lease ended is flushed again, maybe while its first flush still runs. Whose row
//! of an id it is, the database decides; a token in the row says so, and only what a call itself
//! inserted does it add to the roll-ups. All flushers lock in one order (the gate, ids, hours and
//! queries, quarters), so they wait for each other and do not collide.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::super::batch::{batches, id_lists};
use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::Failure;
use super::super::{LogOutcome, NewSearch, Store, StoreError, StoredTime, stored};
use super::rollups::RollUps;
use super::{erasure, logged, reason_name, stored_key, without_nul};

/// Searches in one statement: SQLite takes 32,766 parameters, and a search is thirteen.
const STATEMENT_SEARCHES: usize = 1_000;
/// Text in one statement, in bytes: MySQL refuses packets of more than 4 MiB by some of its
/// defaults. A single search is far below this.
const STATEMENT_BYTES: usize = 2 << 20;

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
        let own = insert(&transaction, &rows, call).await?;
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

/// Inserts the rows that are not there yet, and returns their ids.
async fn insert(
    transaction: &DatabaseTransaction,
    rows: &[Model],
    call: Uuid,
) -> Result<HashSet<Uuid>, Failure> {
    let mut sorted: Vec<&Model> = rows.iter().collect();
    sorted.sort_unstable_by_key(|row| row.id);
    let mut own = HashSet::with_capacity(rows.len());
    let size = |row: &&Model| row.query.len() + row.query_key.len();
    for batch in batches(sorted, STATEMENT_SEARCHES, STATEMENT_BYTES, size) {
        let insert = Query::insert()
            .into_table(Entity)
            .columns(COLUMNS)
            .values_from_panic(batch.iter().map(|row| values(row)))
            .on_conflict(OnConflict::column(Column::Id).do_nothing_on([Column::Id]).to_owned())
            .take();
        let inserted = transaction.execute(&insert).await?.rows_affected();
        let ids: Vec<Uuid> = batch.iter().map(|row| row.id).collect();
        // MySQL's driver has the rows counted that were there, too.
        if transaction.get_database_backend() != DbBackend::MySql && inserted == ids.len() as u64 {
            own.extend(ids);
            continue;
        }
        for list in id_lists(&ids) {
            let inserted: Vec<Uuid> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::Id.is_in(list))
                .filter(Column::CallId.eq(call))
                .into_tuple()
                .all(transaction)
                .await?;
            own.extend(inserted);
        }
    }
    Ok(own)
}

/// The values of a row, in the order of [`COLUMNS`].
fn values(row: &Model) -> [Expr; 13] {
    [
        row.id.into(),
        row.session_id.as_str().into(),
        row.user_id.clone().into(),
        row.query.as_str().into(),
        row.query_key.as_str().into(),
        row.truncated.into(),
        row.keystrokes.into(),
        row.result_count.into(),
        row.reason.as_str().into(),
        row.started_at.into(),
        row.last_keystroke_at.into(),
        row.logged_at.into(),
        row.call_id.into(),
    ]
}
