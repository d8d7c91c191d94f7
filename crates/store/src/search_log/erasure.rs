//! Permanent erasure of a person from the log.
//!
//! A flusher may hold claimed searches of the person and store them just after their rows were deleted. So
//! an erasure is stored before anything is deleted, and every flush drops the searches that it covers. A gate
//! orders the two: flushes lock it shared until their commit, and an erasure is stored under its exclusive
//! lock. Thus a flush either commits before the erasure, and its rows are deleted, or sees the erasure.

use quarry_runtime::boxed;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    InsertMany, QueryFilter, QueryOrder, QuerySelect, Select, Statement,
};
use uuid::{Uuid, uuid};

use super::super::batch::{STATEMENT_IDS, id_lists};
use super::super::entity::search_erasures::{ActiveModel, Column, Entity, Model};
use super::super::entity::{interactions, search_gate, search_logs};
use super::super::failure::CallFailure;
use super::super::transaction::until_none;
use super::super::{NewSearch, Store, StoreError, StoredTime, stored};
use super::removal;
use quarry_domain::{Searcher, SessionId, Timestamp, UserId};

/// The namespace of the digests of persons.
const NAMESPACE: Uuid = uuid!("5e1f3b0c-8a0e-4d52-9a55-0f3c6f0f7a51");
/// The lifetime of a stored erasure: far longer than any claim of a flusher.
const ERASURE_LIFETIME: TimeDelta = TimeDelta::days(1);
/// Rows that one transaction deletes.
const BATCH_SEARCHES: u64 = 1_000;
/// Attempts to truncate the write-ahead log, and the pause in which readers end.
const SCRUB_ATTEMPTS: u32 = 50;
const SCRUB_PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Deletes a person's searches in batches, also from the roll-ups, and returns their number.
    ///
    /// Searches of the person that reach the store later are dropped if their last keystroke is not after
    /// `through`, which is a time by the clock of keystrokes. After a failure, another call continues.
    #[boxed]
    pub async fn erase_searches(&self, searcher: &Searcher, through: Timestamp) -> Result<u64, StoreError> {
        let (searcher, through) = (searcher.clone(), stored(through));
        self.write_in_steps(|store| async move {
            store
                .write((searcher.clone(), through), |store, (searcher, through)| {
                    Box::pin(store.try_store_erasure(searcher, *through))
                })
                .await?;
            store.erase_rows(of_searcher(&searcher)).await
        })
        .await
    }

    /// Deletes the anonymous searches of a session in batches, and returns their number.
    #[boxed]
    pub async fn erase_anonymous_searches(&self, session: &SessionId) -> Result<u64, StoreError> {
        use search_logs::Column::{SessionId, UserId};
        let rows = Condition::all().add(SessionId.eq(session.as_str())).add(UserId.is_null());
        self.write_in_steps(|store| async move { store.erase_rows(rows).await }).await
    }

    async fn erase_rows(&self, rows: Condition) -> Result<u64, StoreError> {
        until_none(|| self.write(rows.clone(), |store, rows| Box::pin(store.try_erase_batch(rows)))).await
    }

    /// The sessions of a user's searches and interactions, each with true if it is of no other user.
    #[boxed]
    pub async fn sessions_of(&self, user: &UserId) -> Result<Vec<(SessionId, bool)>, StoreError> {
        let user = user.as_str().to_owned();
        self.read(|database| async move {
            use {interactions::Column as Quoted, search_logs::Column as Logged};
            let sessions =
                sessions_with(&database, Logged::UserId.eq(&*user), Quoted::UserId.eq(&*user)).await?;
            let sessions: Vec<String> = sessions.into_iter().collect();
            let mut shared = BTreeSet::new();
            for chunk in sessions.chunks(STATEMENT_IDS) {
                let chunk = || chunk.iter().map(String::as_str);
                let searches = Logged::SessionId.is_in(chunk()).and(Logged::UserId.ne(&*user));
                let interactions = Quoted::SessionId.is_in(chunk()).and(Quoted::UserId.ne(&*user));
                shared.extend(sessions_with(&database, searches, interactions).await?);
            }
            let mut of_one_user = Vec::with_capacity(sessions.len());
            for session in sessions {
                let is_of_one = !shared.contains(&session);
                let session =
                    SessionId::parse(&session).map_err(|_| CallFailure::unreadable("session id"))?;
                of_one_user.push((session, is_of_one));
            }
            Ok(of_one_user)
        })
        .await
    }

    /// Removes erased rows from the files of an embedded database, as far as readers permit.
    ///
    /// SQLite overwrites deleted rows, but not copies of rows that it moved between pages before, so the database is
    /// rebuilt. The write-ahead log has earlier pages until it is truncated. Writes wait for it.
    #[boxed]
    pub async fn scrub(&self) -> Result<(), StoreError> {
        if self.backend() != DbBackend::Sqlite {
            return Ok(());
        }
        self.write_in_steps(|store| async move {
            let _guard = store.write_guard().await;
            store.database.execute_unprepared("VACUUM").await.map_err(CallFailure::from)?;
            for _ in 0..SCRUB_ATTEMPTS {
                let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
                let row = store.database.query_one_raw(statement).await.map_err(CallFailure::from)?;
                let is_busy = row.and_then(|row| row.try_get_by_index::<i64>(0).ok()).unwrap_or(0);
                if is_busy == 0 {
                    break;
                }
                tokio::time::sleep(SCRUB_PAUSE).await;
            }
            Ok(())
        })
        .await
    }

    async fn try_store_erasure(&self, searcher: &Searcher, through: StoredTime) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        lock_gate_exclusive(&transaction).await?;
        delete_old_erasures(&transaction).await?;
        let digest = digest_of(searcher);
        // The gate excludes concurrent writes.
        let known: Option<StoredTime> = Entity::find_by_id(digest)
            .select_only()
            .column(Column::Through)
            .into_tuple()
            .one(&*transaction)
            .await?;
        let through = known.map_or(through, |known| Ord::max(known, through));
        let erasure = Model { searcher: digest, through, erased_at: stored(chrono::Utc::now()) };
        let on_conflict = OnConflict::column(Column::Searcher)
            .update_columns([Column::Through, Column::ErasedAt])
            .to_owned();
        InsertMany::<ActiveModel>::many([erasure])
            .on_conflict(on_conflict)
            .exec_without_returning(&*transaction)
            .await?;
        transaction.commit().await
    }

    async fn try_erase_batch(&self, of_searcher: &Condition) -> Result<u64, CallFailure> {
        let transaction = self.begin().await?;
        let rows = search_logs::Entity::find()
            .filter(of_searcher.clone())
            .order_by_asc(search_logs::Column::LastKeystrokeAt)
            .order_by_asc(search_logs::Column::Id)
            .limit(BATCH_SEARCHES)
            .lock_exclusive()
            .all(&*transaction)
            .await?;
        removal::delete_rows(&transaction, &rows).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// The rows of a person.
fn of_searcher(searcher: &Searcher) -> Condition {
    Condition::all().add(match searcher {
        Searcher::Session(session) => search_logs::Column::SessionId.eq(session.as_str()),
        Searcher::User(user) => search_logs::Column::UserId.eq(user.as_str()),
    })
}

/// The sessions with one of some searches or interactions.
async fn sessions_with(
    database: &DatabaseConnection,
    searches: Expr,
    interactions: Expr,
) -> Result<BTreeSet<String>, CallFailure> {
    let logged = search_logs::Entity::find().select_only().distinct().column(search_logs::Column::SessionId);
    let logged: Vec<String> = logged.filter(searches).into_tuple().all(database).await?;
    let quoted =
        interactions::Entity::find().select_only().distinct().column(interactions::Column::SessionId);
    let quoted: Vec<Option<String>> = quoted.filter(interactions).into_tuple().all(database).await?;
    Ok(logged.into_iter().chain(quoted.into_iter().flatten()).collect())
}

/// Locks the gate until the commit, together with other flushes.
pub(crate) async fn lock_gate_shared(transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
    lock_gate(transaction, "SHARE", search_gate::Entity::find().lock_shared()).await
}

/// Locks the gate until the commit, exclusive of flushes.
async fn lock_gate_exclusive(transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
    lock_gate(transaction, "EXCLUSIVE", search_gate::Entity::find().lock_exclusive()).await
}

async fn lock_gate(
    transaction: &DatabaseTransaction,
    table_mode: &str,
    row: Select<search_gate::Entity>,
) -> Result<(), CallFailure> {
    match transaction.get_database_backend() {
        // A lock of the table, because waiting for the lock of a row may starve.
        DbBackend::Postgres => {
            transaction.execute_unprepared(&format!("LOCK TABLE search_gate IN {table_mode} MODE")).await?;
        }
        DbBackend::MySql => {
            row.all(transaction).await?;
        }
        // SQLite has one writer at a time.
        _ => {}
    }
    Ok(())
}

/// The searches that no erasure covers, read under the lock of the gate.
pub(super) async fn without_erased<'a>(
    transaction: &DatabaseTransaction,
    searches: &'a [NewSearch],
) -> Result<Vec<&'a NewSearch>, CallFailure> {
    let erasures = Erasures::covering(transaction, searches).await?;
    Ok(searches.iter().filter(|search| !erasures.cover(*search)).collect())
}

/// A record of a person's action, subject to erasure.
pub(crate) trait PersonalRecord {
    fn session(&self) -> Option<&SessionId>;
    fn user(&self) -> Option<&UserId>;
    /// The time of the action.
    fn at(&self) -> Timestamp;
}

impl PersonalRecord for NewSearch {
    fn session(&self) -> Option<&SessionId> {
        Some(&self.session)
    }

    fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    fn at(&self) -> Timestamp {
        self.last_keystroke_at
    }
}

/// Recent erasures: digests of persons, with the time up to which they are erased.
pub(crate) struct Erasures(HashMap<Uuid, StoredTime>);

impl Erasures {
    /// The erasures that may cover some of these records, read under the lock of the gate.
    pub(crate) async fn covering(
        transaction: &DatabaseTransaction,
        records: &[impl PersonalRecord],
    ) -> Result<Self, CallFailure> {
        let latest: Option<Option<StoredTime>> = Entity::find()
            .select_only()
            .column_as(Expr::col(Column::Through).max(), "latest")
            .into_tuple()
            .one(transaction)
            .await?;
        let mut erasures: HashMap<Uuid, StoredTime> = HashMap::new();
        let Some(latest) = latest.flatten() else { return Ok(Self(erasures)) };
        let mut digests: Vec<Uuid> =
            records.iter().filter(|record| stored(record.at()) <= latest).flat_map(digests_of).collect();
        digests.sort_unstable();
        digests.dedup();
        for list in id_lists(&digests) {
            let found: Vec<(Uuid, StoredTime)> = Entity::find()
                .select_only()
                .columns([Column::Searcher, Column::Through])
                .filter(Column::Searcher.is_in(list))
                .into_tuple()
                .all(transaction)
                .await?;
            erasures.extend(found);
        }
        Ok(Self(erasures))
    }

    /// Returns true if the person was erased up to the time of the record or later.
    pub(crate) fn cover(&self, record: &impl PersonalRecord) -> bool {
        let at = stored(record.at());
        !self.0.is_empty()
            && digests_of(record).any(|digest| self.0.get(&digest).is_some_and(|through| at <= *through))
    }
}

/// Deletes erasures that are older than any running flush.
pub(super) async fn delete_old_erasures(transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
    let before = stored(chrono::Utc::now() - ERASURE_LIFETIME);
    Entity::delete_many().filter(Column::ErasedAt.lt(before)).exec(transaction).await?;
    Ok(())
}

fn digests_of<P: PersonalRecord>(record: &P) -> impl Iterator<Item = Uuid> + use<P> {
    let session = record.session().map(digest_of_session);
    session.into_iter().chain(record.user().map(digest_of_user))
}

fn digest_of(searcher: &Searcher) -> Uuid {
    match searcher {
        Searcher::Session(session) => digest_of_session(session),
        Searcher::User(user) => digest_of_user(user),
    }
}

fn digest_of_session(session: &SessionId) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("session {session}").as_bytes())
}

fn digest_of_user(user: &UserId) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("user {user}").as_bytes())
}
