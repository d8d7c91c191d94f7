//! Erasing a person from the log, for good.
//!
//! A flusher may hold claimed searches of the person and store them just after their rows were
//! deleted. So an erasure is remembered before anything is deleted, and every flush leaves out
//! what it covers. Between the two stands a gate: a flush passes it together with others and holds
//! it until its commit, while an erasure is remembered behind the closed gate, alone. A flush thus
//! either committed before, and its rows are deleted, or sees the erasure.

use quarry_runtime::boxed;
use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::{Uuid, uuid};

use super::super::batch::id_lists;
use super::super::entity::search_erasures::{Column, Entity};
use super::super::entity::{search_gate, search_logs};
use super::super::failure::Failure;
use super::super::{NewSearch, Store, StoreError, StoredTime, stored};
use super::removal;
use super::rollups::Volume;
use quarry_domain::{Searcher, SessionId, Timestamp, UserId};

/// Names the digests of persons.
const NAMESPACE: Uuid = uuid!("5e1f3b0c-8a0e-4d52-9a55-0f3c6f0f7a51");
/// For how long an erasure is remembered: far longer than any flusher holds a claim.
const MEMORY: TimeDelta = TimeDelta::days(1);
/// Rows that one transaction deletes.
const BATCH_SEARCHES: u64 = 1_000;

impl Store {
    /// Deletes a person's searches, takes them out of the roll-ups, and returns how many they were.
    ///
    /// Searches of that person that reach the store later are left out if their last keystroke is
    /// not after `through`: the time, by the clock that keystrokes have theirs from, up to which
    /// everything is to go. It deletes in steps; called again after a failure, it goes on.
    #[boxed]
    pub async fn erase_searches(&self, searcher: &Searcher, through: Timestamp) -> Result<u64, StoreError> {
        let (searcher, through) = (searcher.clone(), stored(through));
        self.write_in_steps(|store| async move {
            let remembered = (searcher.clone(), through);
            store
                .write(remembered, |store, (searcher, through)| {
                    Box::pin(store.try_remember_erasure(searcher, *through))
                })
                .await?;
            let mut erased = 0;
            loop {
                let batch = store
                    .write(searcher.clone(), |store, searcher| Box::pin(store.try_erase_batch(searcher)))
                    .await?;
                if batch == 0 {
                    return Ok(erased);
                }
                erased += batch;
            }
        })
        .await
    }

    async fn try_remember_erasure(&self, searcher: &Searcher, through: StoredTime) -> Result<(), Failure> {
        let transaction = self.begin().await?;
        close_gate(&transaction).await?;
        forget_old_erasures(&transaction).await?;
        let digest = digest_of(searcher);
        // Behind the gate nobody else writes here.
        let known: Option<StoredTime> = Entity::find_by_id(digest)
            .select_only()
            .column(Column::Through)
            .into_tuple()
            .one(&*transaction)
            .await?;
        let through = known.map_or(through, |known| Ord::max(known, through));
        let upsert = Query::insert()
            .into_table(Entity)
            .columns([Column::Searcher, Column::Through, Column::ErasedAt])
            .values_panic([digest.into(), through.into(), stored(chrono::Utc::now()).into()])
            .on_conflict(
                OnConflict::column(Column::Searcher)
                    .update_columns([Column::Through, Column::ErasedAt])
                    .to_owned(),
            )
            .take();
        transaction.execute(&upsert).await?;
        transaction.commit().await
    }

    async fn try_erase_batch(&self, searcher: &Searcher) -> Result<u64, Failure> {
        let of_searcher = match searcher {
            Searcher::Session(session) => search_logs::Column::SessionId.eq(session.as_str()),
            Searcher::User(user) => search_logs::Column::UserId.eq(user.as_str()),
        };
        let transaction = self.begin().await?;
        let rows = search_logs::Entity::find()
            .filter(of_searcher)
            .order_by_asc(search_logs::Column::LastKeystrokeAt)
            .order_by_asc(search_logs::Column::Id)
            .limit(BATCH_SEARCHES)
            .lock_exclusive()
            .all(&*transaction)
            .await?;
        removal::take_out(&transaction, &rows, Volume::Shrinks).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Passes the gate together with other flushes, once no erasure is being remembered.
pub(crate) async fn pass_gate(transaction: &DatabaseTransaction) -> Result<(), Failure> {
    match transaction.get_database_backend() {
        // A lock on the table, since whoever waits for one on a row may be overtaken forever.
        DbBackend::Postgres => {
            transaction.execute_unprepared("LOCK TABLE search_gate IN SHARE MODE").await?;
        }
        DbBackend::MySql => {
            search_gate::Entity::find().lock_shared().all(transaction).await?;
        }
        // SQLite has one writer at a time.
        _ => {}
    }
    Ok(())
}

/// Waits for the flushes that have passed the gate to end, and keeps later ones waiting.
async fn close_gate(transaction: &DatabaseTransaction) -> Result<(), Failure> {
    match transaction.get_database_backend() {
        DbBackend::Postgres => {
            transaction.execute_unprepared("LOCK TABLE search_gate IN EXCLUSIVE MODE").await?;
        }
        DbBackend::MySql => {
            search_gate::Entity::find().lock_exclusive().all(transaction).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The searches that no erasure covers. Asked behind the gate.
pub(super) async fn without_erased<'a>(
    transaction: &DatabaseTransaction,
    searches: &'a [NewSearch],
) -> Result<Vec<&'a NewSearch>, Failure> {
    let erasures = Erasures::covering(transaction, searches).await?;
    Ok(searches.iter().filter(|search| !erasures.cover(*search)).collect())
}

/// Something that a person did, and that goes with them.
pub(crate) trait Personal {
    /// Whose it is.
    fn session(&self) -> Option<&SessionId>;
    fn user(&self) -> Option<&UserId>;
    /// When it was done.
    fn at(&self) -> Timestamp;
}

impl Personal for NewSearch {
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

/// Who was erased lately, and up to when.
pub(crate) struct Erasures(HashMap<Uuid, StoredTime>);

impl Erasures {
    /// The erasures that may cover some of these. Asked behind the gate.
    pub(crate) async fn covering(
        transaction: &DatabaseTransaction,
        done: &[impl Personal],
    ) -> Result<Self, Failure> {
        let latest: Option<Option<StoredTime>> = Entity::find()
            .select_only()
            .column_as(Expr::col(Column::Through).max(), "latest")
            .into_tuple()
            .one(transaction)
            .await?;
        let mut erasures: HashMap<Uuid, StoredTime> = HashMap::new();
        let Some(latest) = latest.flatten() else { return Ok(Self(erasures)) };
        let mut digests: Vec<Uuid> =
            done.iter().filter(|done| stored(done.at()) <= latest).flat_map(digests_of).collect();
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

    /// Whether one of them was erased, and up to a later time.
    pub(crate) fn cover(&self, done: &impl Personal) -> bool {
        let at = stored(done.at());
        !self.0.is_empty()
            && digests_of(done).any(|digest| self.0.get(&digest).is_some_and(|through| at <= *through))
    }
}

/// Forgets the erasures that no flush under way can be affected by any more.
pub(super) async fn forget_old_erasures(transaction: &DatabaseTransaction) -> Result<(), Failure> {
    let before = stored(chrono::Utc::now() - MEMORY);
    Entity::delete_many().filter(Column::ErasedAt.lt(before)).exec(transaction).await?;
    Ok(())
}

fn digests_of<P: Personal>(done: &P) -> impl Iterator<Item = Uuid> + use<P> {
    let session = done.session().map(digest_of_session);
    session.into_iter().chain(done.user().map(digest_of_user))
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
