//! Taking documents in: what changed gets the next revision, the rest is left alone.
//!
//! Runs within a transaction that holds the revision counter, so nobody else writes documents
//! at the same time: what is read here stays true until the commit.

use std::collections::{HashMap, HashSet};

use chrono::Datelike;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Set,
};
use uuid::Uuid;

use super::authors;
use super::batch::{batches, id_lists};
use super::entity::documents::{ActiveModel, Column, Entity};
use super::entity::sources;
use super::failure::Failure;
use super::revisions::Revisions;
use super::{StoredTime, UpsertOutcome, stored};
use quarry_domain::{AuthorId, DocumentDraft, SourceName, Tally, Timestamp};

/// Documents in one statement: at sixteen parameters each, far below every limit.
const STATEMENT_DOCUMENTS: usize = 256;
/// Text in one statement, in bytes: MySQL refuses packets of more than 4 MiB by some of its
/// defaults. A single document is below this by its own limits.
const STATEMENT_BYTES: usize = 2 << 20;

/// Where documents come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A client of the API.
    Client,
    /// A page of a crawl, which counts what it has seen.
    Crawl(Tally),
}

/// What became of documents.
pub(super) struct Taken {
    pub(super) outcome: UpsertOutcome,
    /// Documents that this tally had not seen before.
    pub(super) newly_seen: i64,
}

/// What is stored of a document already.
struct Known {
    content_hash: String,
    live: bool,
    tally: Option<i64>,
}

/// Stores documents; of several with one key, the last counts.
pub(super) async fn store(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    drafts: &[DocumentDraft],
    origin: Origin,
    now: StoredTime,
) -> Result<Taken, Failure> {
    let drafts = last_of_each(drafts);
    let known = known(transaction, &drafts).await?;
    let mut outcome = UpsertOutcome::default();
    let mut newly_seen = 0;
    let mut changed = Vec::new();
    let mut rows = Vec::new();
    let mut untallied = Vec::new();
    let mut new_sources = HashSet::new();
    for (id, draft) in drafts {
        let content_hash = draft.content_hash();
        let known = known.get(&id);
        let live = known.filter(|known| known.live);
        let tally = match origin {
            Origin::Crawl(tally) => Some(tally.0),
            // A document that comes back by a client is the client's from now on: the next
            // crawl must not take it for one that vanished upstream.
            Origin::Client => live.and_then(|known| known.tally),
        };
        let seen_before = known.and_then(|known| known.tally) == tally;
        if !seen_before {
            newly_seen += 1;
        }
        match live {
            Some(live) if live.content_hash == content_hash => {
                outcome.unchanged += 1;
                if !seen_before {
                    untallied.push(id);
                }
                continue;
            }
            Some(_) => outcome.updated += 1,
            None => outcome.inserted += 1,
        }
        if known.is_none() {
            new_sources.insert(&draft.source);
        }
        rows.push(row(id, draft, content_hash, revisions.take(), tally, now));
        changed.push(draft);
    }
    register(transaction, new_sources).await?;
    authors::store(transaction, &changed).await?;
    insert(transaction, rows).await?;
    if let Origin::Crawl(tally) = origin {
        mark(transaction, &untallied, tally).await?;
    }
    outcome.revision = revisions.latest();
    Ok(Taken { outcome, newly_seen })
}

/// Makes sources known that may be known already.
pub(super) async fn register(
    transaction: &DatabaseTransaction,
    names: impl IntoIterator<Item = &SourceName>,
) -> Result<(), Failure> {
    // In one order for all, so that no two transactions wait for each other.
    let mut names: Vec<&str> = names.into_iter().map(SourceName::as_str).collect();
    names.sort_unstable();
    for name in names {
        let known = sources::Entity::find_by_id(name).one(transaction).await?;
        if known.is_some() {
            continue;
        }
        let insert = Query::insert()
            .into_table(sources::Entity)
            .columns([sources::Column::Name])
            .values_panic([name.into()])
            .on_conflict(
                OnConflict::column(sources::Column::Name).do_nothing_on([sources::Column::Name]).to_owned(),
            )
            .take();
        transaction.execute(&insert).await?;
    }
    Ok(())
}

/// The drafts with their ids, without those that a later one of the same id overrules.
fn last_of_each(drafts: &[DocumentDraft]) -> Vec<(Uuid, &DocumentDraft)> {
    let mut seen = HashSet::with_capacity(drafts.len());
    let mut last: Vec<(Uuid, &DocumentDraft)> =
        drafts.iter().rev().map(|draft| (draft.id().0, draft)).filter(|(id, _)| seen.insert(*id)).collect();
    last.reverse();
    last
}

async fn known(
    transaction: &DatabaseTransaction,
    drafts: &[(Uuid, &DocumentDraft)],
) -> Result<HashMap<Uuid, Known>, Failure> {
    let ids: Vec<Uuid> = drafts.iter().map(|(id, _)| *id).collect();
    let mut known = HashMap::with_capacity(ids.len());
    for list in id_lists(&ids) {
        let rows: Vec<(Uuid, String, Option<StoredTime>, Option<i64>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::ContentHash, Column::DeletedAt, Column::Tally])
            .filter(Column::Id.is_in(list))
            .into_tuple()
            .all(transaction)
            .await?;
        known.extend(rows.into_iter().map(|(id, content_hash, deleted_at, tally)| {
            (id, Known { content_hash, live: deleted_at.is_none(), tally })
        }));
    }
    Ok(known)
}

fn row(
    id: Uuid,
    draft: &DocumentDraft,
    content_hash: String,
    revision: i64,
    tally: Option<i64>,
    now: StoredTime,
) -> ActiveModel {
    let author = draft.author.as_ref();
    ActiveModel {
        id: Set(id),
        source: Set(draft.source.as_str().to_owned()),
        key: Set(draft.key.as_str().to_owned()),
        title: Set(draft.title.clone()),
        text: Set(draft.text.clone()),
        category: Set(draft.category.clone()),
        author_id: Set(author.map(|author| AuthorId::of(&draft.source, &author.key).0)),
        author_key: Set(author.map(|author| author.key.clone())),
        author_name: Set(author.map(|author| author.name.clone())),
        published_at: Set(draft.published_at.filter(keepable).map(stored)),
        attributes: Set(draft.attributes_json()),
        content_hash: Set(content_hash),
        revision: Set(revision),
        indexed_at: Set(now),
        deleted_at: Set(None),
        tally: Set(tally),
    }
}

/// Whether every database can keep a point in time: MySQL has years of four digits, and SQLite's
/// text of others could not be read again, which would stop every index at this document. Such a
/// date is a slip of the upstream; the document is taken without it.
fn keepable(at: &Timestamp) -> bool {
    (1..=9_999).contains(&at.year())
}

async fn insert(transaction: &DatabaseTransaction, rows: Vec<ActiveModel>) -> Result<(), Failure> {
    let size = |row: &ActiveModel| {
        let title = row.title.as_ref().as_ref().map_or(0, String::len);
        title + row.text.as_ref().len() + row.attributes.as_ref().len()
    };
    for batch in batches(rows, STATEMENT_DOCUMENTS, STATEMENT_BYTES, size) {
        let on_conflict = OnConflict::column(Column::Id)
            .update_columns([
                Column::Title,
                Column::Text,
                Column::Category,
                Column::AuthorId,
                Column::AuthorKey,
                Column::AuthorName,
                Column::PublishedAt,
                Column::Attributes,
                Column::ContentHash,
                Column::Revision,
                Column::IndexedAt,
                Column::DeletedAt,
                Column::Tally,
            ])
            .to_owned();
        Entity::insert_many(batch).on_conflict(on_conflict).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Notes that a count has seen documents that did not change; no revision tells of it.
async fn mark(transaction: &DatabaseTransaction, ids: &[Uuid], tally: Tally) -> Result<(), Failure> {
    for list in id_lists(ids) {
        Entity::update_many()
            .col_expr(Column::Tally, Expr::value(tally.0))
            .filter(Column::Id.is_in(list))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
