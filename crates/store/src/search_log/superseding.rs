//! Searches that supersede stored rows.
//!
//! A search with a higher revision supersedes the row of its id, under a lock of that row: of several attempts, one
//! finds the lower revision. If the row is gone, the search is inserted. Interactions that are attributed to the row
//! follow its text.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::TimeDelta;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::interactions;
use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::CallFailure;
use super::super::idempotent_rows::insert_if_absent;
use quarry_domain::QueryDigest;

/// The difference of the clocks of keystrokes and interactions, whose time may be a client's.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::hours(1);

/// Replaces the stored rows that have a lower revision, and returns what they were.
pub(super) async fn supersede(
    transaction: &DatabaseTransaction,
    rows: &[Model],
    inserted: &HashSet<Uuid>,
) -> Result<Vec<Model>, CallFailure> {
    let candidates: HashMap<Uuid, &Model> = rows
        .iter()
        .filter(|row| row.revision > 1 && !inserted.contains(&row.id))
        .map(|row| (row.id, row))
        .collect();
    let mut ids: Vec<Uuid> = candidates.keys().copied().collect();
    ids.sort_unstable();
    let mut superseded = Vec::new();
    for list in id_lists(&ids) {
        let locked = Entity::find()
            .filter(Column::Id.is_in(list))
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .all(transaction)
            .await?;
        superseded.extend(locked.into_iter().filter(|row| row.revision < candidates[&row.id].revision));
    }
    let ids: Vec<Uuid> = superseded.iter().map(|row| row.id).collect();
    for list in id_lists(&ids) {
        Entity::delete_many().filter(Column::Id.is_in(list)).exec(transaction).await?;
    }
    let new: Vec<Model> = ids.iter().map(|id| candidates[id].clone()).collect();
    if let Some(row) = new.first() {
        insert_if_absent(transaction, &new, row.call_id).await?;
    }
    requote(transaction, &superseded, &candidates).await?;
    Ok(superseded)
}

/// Lets interactions with superseded searches count for the new text.
async fn requote(
    transaction: &DatabaseTransaction,
    superseded: &[Model],
    by: &HashMap<Uuid, &Model>,
) -> Result<(), CallFailure> {
    use interactions::Column::{Id, OccurredAt, QueryDigest as Digest, SearchId};
    let renamed: HashMap<Uuid, &Model> = superseded
        .iter()
        .filter(|old| old.query_key != by[&old.id].query_key)
        .map(|old| (old.id, old))
        .collect();
    let Some(since) = renamed.values().map(|old| old.started_at).min() else { return Ok(()) };
    let mut ids: Vec<Uuid> = renamed.keys().copied().collect();
    ids.sort_unstable();
    let mut quoting: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for list in id_lists(&ids) {
        let digests = list.iter().map(|id| QueryDigest::of(&renamed[id].query_key).0);
        // An index by digest and time finds them.
        let rows: Vec<(Uuid, Option<Uuid>)> = interactions::Entity::find()
            .select_only()
            .columns([Id, SearchId])
            .filter(Digest.is_in(digests))
            .filter(OccurredAt.gte(since - CLOCK_DIFFERENCE))
            .filter(SearchId.is_in(list.iter().copied()))
            .order_by_asc(Id)
            .lock_exclusive()
            .into_tuple()
            .all(transaction)
            .await?;
        for (interaction, search) in rows {
            if let Some(search) = search {
                quoting.entry(search).or_default().push(interaction);
            }
        }
    }
    for (search, of_search) in quoting {
        let digest = QueryDigest::of(&by[&search].query_key);
        for list in id_lists(&of_search) {
            interactions::Entity::update_many()
                .col_expr(Digest, Expr::value(digest.0))
                .filter(Id.is_in(list))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}
