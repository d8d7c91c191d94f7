//! Attribution of interactions to logged searches.
//!
//! A click quotes the response to a text that was on the screen, which may be an earlier text of the logged search:
//! `numb` of `number`. The id of a response contains its second and a digest of its session, so the logged search
//! is the one of the session that was typed at that time. It may not be logged yet, and may still change, so
//! recent interactions are attributed again. The next page of a search, and its text requested again, are not typed:
//! they belong to the last logged search of this text. If later typing supersedes a logged search, its interactions
//! follow (`search_log::superseding`).

use quarry_runtime::boxed;
use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, FromQueryResult, InsertMany,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::interactions::{Column, Entity, Model};
use super::super::entity::{search_attributions as pending, search_logs};
use super::super::failure::CallFailure;
use super::super::{Store, StoreError, StoredTime, stored};
use quarry_domain::{QueryDigest, SearchId, SessionId, Timestamp};

/// The time in which a logged search may appear and change.
const SETTLING: TimeDelta = TimeDelta::minutes(3);
/// The longest run of keystrokes.
const MAX_RUN: TimeDelta = TimeDelta::minutes(10);
/// The longest time after which a response to the text of a logged search still belongs to it.
const REPETITION: TimeDelta = TimeDelta::hours(1);
/// The difference of the clocks of keystrokes and responses, and the precision of a response's time.
const TOLERANCE: TimeDelta = TimeDelta::seconds(2);
/// Interactions in one step.
const STEP_INTERACTIONS: u64 = 500;
/// Logged searches among which the session's is looked for.
const MAX_CANDIDATES: u64 = 5_000;
/// The same among earlier ones.
const MAX_EARLIER_CANDIDATES: u64 = 500;

/// A change of an interaction.
struct Attribution {
    interaction: Uuid,
    search: Uuid,
}

#[derive(FromQueryResult)]
struct Candidate {
    id: Uuid,
    session_id: String,
    query_key: String,
    started_at: StoredTime,
    last_keystroke_at: StoredTime,
}

impl Store {
    /// Attributes recent interactions that quote a search response to the logged search.
    ///
    /// To be called at intervals, and before reports. Any server may do so at any time.
    #[boxed]
    pub async fn attribute_interactions(&self, now: Timestamp) -> Result<(), StoreError> {
        let (changes, settled) = self
            .read(move |database| async move {
                let recent = pending::Entity::find()
                    .order_by_asc(pending::Column::RecordedAt)
                    .limit(STEP_INTERACTIONS)
                    .all(&database)
                    .await?;
                let is_settled = |row: &&pending::Model| row.recorded_at <= stored(now - SETTLING);
                let settled: Vec<Uuid> =
                    recent.iter().filter(is_settled).map(|row| row.interaction_id).collect();
                let ids: Vec<Uuid> = recent.iter().map(|row| row.interaction_id).collect();
                let mut known: HashMap<Uuid, Model> = HashMap::with_capacity(ids.len());
                for list in id_lists(&ids) {
                    let rows = Entity::find().filter(Column::Id.is_in(list)).all(&database).await?;
                    known.extend(rows.into_iter().map(|row| (row.id, row)));
                }
                let mut changes = Vec::new();
                for row in recent {
                    let Some(interaction) = known.get(&row.interaction_id) else { continue };
                    changes.extend(attribution(&database, row.search_id, interaction).await?);
                }
                Ok((changes, settled))
            })
            .await?;
        if changes.is_empty() && settled.is_empty() {
            return Ok(());
        }
        self.write((changes, settled), |store, (changes, settled)| {
            Box::pin(store.try_attribute(changes, settled))
        })
        .await
    }

    async fn try_attribute(&self, changes: &[Attribution], settled: &[Uuid]) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        // Under a lock: later typing may have superseded a search since it was read.
        let keys = locked_keys(&transaction, changes).await?;
        for Attribution { interaction, search } in changes {
            let Some(key) = keys.get(search) else { continue };
            Entity::update_many()
                .col_expr(Column::SearchId, Expr::value(*search))
                .col_expr(Column::QueryDigest, Expr::value(QueryDigest::of(key).0))
                .filter(Column::Id.eq(*interaction))
                .exec(&*transaction)
                .await?;
        }
        delete_pending(&transaction, settled).await?;
        transaction.commit().await
    }
}

/// The query keys of logged searches, locked until the commit.
async fn locked_keys(
    transaction: &DatabaseTransaction,
    changes: &[Attribution],
) -> Result<HashMap<Uuid, String>, CallFailure> {
    use search_logs::Column::{Id, QueryKey};
    let mut ids: Vec<Uuid> = changes.iter().map(|change| change.search).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut keys = HashMap::with_capacity(ids.len());
    for list in id_lists(&ids) {
        let locked: Vec<(Uuid, String)> = search_logs::Entity::find()
            .select_only()
            .columns([Id, QueryKey])
            .filter(Id.is_in(list))
            .order_by_asc(Id)
            .lock_shared()
            .into_tuple()
            .all(transaction)
            .await?;
        keys.extend(locked);
    }
    Ok(keys)
}

/// Remembers inserted interactions that quote a search response.
pub(super) async fn add_pending(
    transaction: &DatabaseTransaction,
    rows: &[Model],
) -> Result<(), CallFailure> {
    let quoting: Vec<pending::Model> = rows
        .iter()
        .filter_map(|row| {
            let search_id = row.search_id?;
            Some(pending::Model { interaction_id: row.id, search_id, recorded_at: row.recorded_at })
        })
        .collect();
    if !quoting.is_empty() {
        InsertMany::<pending::ActiveModel>::many(quoting).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Forgets interactions.
pub(super) async fn delete_pending(
    transaction: &DatabaseTransaction,
    interactions: &[Uuid],
) -> Result<(), CallFailure> {
    for list in id_lists(interactions) {
        pending::Entity::delete_many()
            .filter(pending::Column::InteractionId.is_in(list))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// The change of an interaction, if its logged search is known and not its own yet.
async fn attribution(
    database: &DatabaseConnection,
    response: Uuid,
    interaction: &Model,
) -> Result<Option<Attribution>, CallFailure> {
    let (response, session) = (SearchId::from_uuid(response), interaction.session_id.as_deref());
    let mut found = logged_search(typed_then(database, response, session).await?, response, session);
    if found.is_none() {
        found = logged_search(typed_before(database, response, session).await?, response, session);
    }
    let Some(found) = found else { return Ok(None) };
    let is_new = interaction.search_id != Some(found.id)
        || interaction.query_digest != Some(QueryDigest::of(&found.query_key).0);
    Ok(is_new.then_some(Attribution { interaction: interaction.id, search: found.id }))
}

/// The logged searches that were typed at the time of a response.
async fn typed_then(
    database: &DatabaseConnection,
    response: SearchId,
    session: Option<&str>,
) -> Result<Vec<Candidate>, CallFailure> {
    use search_logs::Column::{LastKeystrokeAt, StartedAt};
    let at = response.responded_at();
    let select = search_logs::Entity::find()
        .filter(LastKeystrokeAt.gte(stored(at - TOLERANCE)))
        .filter(LastKeystrokeAt.lte(stored(at + MAX_RUN)))
        .filter(StartedAt.lte(stored(at + TOLERANCE)))
        .order_by_asc(LastKeystrokeAt)
        .limit(MAX_CANDIDATES);
    candidates(database, select, session).await
}

/// The logged searches of a response's text that were typed before it.
async fn typed_before(
    database: &DatabaseConnection,
    response: SearchId,
    session: Option<&str>,
) -> Result<Vec<Candidate>, CallFailure> {
    use search_logs::Column::LastKeystrokeAt;
    let at = response.responded_at();
    let select = search_logs::Entity::find()
        .filter(LastKeystrokeAt.gte(stored(at - REPETITION)))
        .filter(LastKeystrokeAt.lt(stored(at - TOLERANCE)))
        .order_by_desc(LastKeystrokeAt)
        .limit(MAX_EARLIER_CANDIDATES);
    let mut earlier = candidates(database, select, session).await?;
    earlier.retain(|candidate| QueryDigest::of(&candidate.query_key) == response.query());
    Ok(earlier)
}

async fn candidates(
    database: &DatabaseConnection,
    select: Select<search_logs::Entity>,
    session: Option<&str>,
) -> Result<Vec<Candidate>, CallFailure> {
    use search_logs::Column::{Id, LastKeystrokeAt, QueryKey, SessionId as Session, StartedAt};
    let select = select
        .select_only()
        .columns([Id, Session, QueryKey, StartedAt, LastKeystrokeAt])
        .filter(session.map_or_else(|| Expr::value(true), |session| Session.eq(session)));
    Ok(select.into_model::<Candidate>().all(database).await?)
}

/// The logged search of a response: of its query if possible, else the nearest in time.
fn logged_search(candidates: Vec<Candidate>, response: SearchId, session: Option<&str>) -> Option<Candidate> {
    let is_of = |candidate: &Candidate| {
        session == Some(&*candidate.session_id)
            || SessionId::parse(&candidate.session_id).is_ok_and(|session| response.is_of(&session))
    };
    let (from, end) =
        (stored(response.responded_at()), stored(response.responded_at() + TimeDelta::seconds(1)));
    let rank = |candidate: &Candidate| {
        let is_other = QueryDigest::of(&candidate.query_key) != response.query();
        let distance = Ord::max(candidate.started_at - end, from - candidate.last_keystroke_at);
        (
            is_other,
            Ord::max(distance, TimeDelta::zero()),
            std::cmp::Reverse(candidate.started_at),
            candidate.id,
        )
    };
    candidates.into_iter().filter(is_of).min_by_key(rank)
}
