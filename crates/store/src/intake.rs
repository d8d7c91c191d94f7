//! Intake of documents: changed documents get the next revision, others stay as they are.
//!
//! The transaction holds the lock of the revision counter, so no other one writes documents until its
//! commit: rows that were read stay current.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use chrono::Datelike;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, InsertMany, Iterable,
    QueryFilter, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use super::authors;
use super::batch::{STATEMENT_BYTES, STATEMENT_IDS, batches, id_lists};
use super::entity::documents::{Column, Entity, Model};
use super::entity::sources;
use super::failure::CallFailure;
use super::revisions::Revisions;
use super::{StoredTime, UpsertOutcome, stored};
use quarry_domain::{AuthorId, DocumentDraft, DocumentId, SourceName, Tally, Timestamp};

/// Documents in one statement, at sixteen parameters each.
const STATEMENT_DOCUMENTS: usize = 256;
/// Documents in one statement of a large intake.
///
/// SQLite saves each page that a statement changes before its first change, so fewer statements save fewer pages.
/// All are of this length: drivers cache statements by their text.
const LARGE_STATEMENT_DOCUMENTS: usize = 1_024;

/// The origin of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DraftOrigin {
    /// A client of the API.
    Client,
    /// A page of a crawl, with the tally of seen documents.
    Crawl(Tally),
}

/// The result of the intake of one page.
#[derive(Default)]
pub(super) struct Intake {
    pub(super) outcome: UpsertOutcome,
    /// Documents that this tally had not seen before.
    pub(super) newly_seen: i64,
}

/// The state of a document: the stored one, or that after an earlier page of the same intake.
struct DocumentState {
    content_hash: String,
    live: bool,
    tally: Option<i64>,
    /// Its row in the statements of this intake.
    row: Option<usize>,
}

/// Stores the documents of pages in their order; of several with one key on a page, the last counts.
///
/// The statements are those of all pages together.
pub(super) async fn store(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    pages: &[&[DocumentDraft]],
    origin: DraftOrigin,
    now: StoredTime,
) -> Result<Vec<Intake>, CallFailure> {
    let pages: Vec<Vec<(Uuid, &DocumentDraft)>> = pages.iter().map(|drafts| last_of_each(drafts)).collect();
    let mut states = states(transaction, &pages).await?;
    let mut intakes = Vec::with_capacity(pages.len());
    let mut changed: Vec<(Model, &DocumentDraft)> = Vec::new();
    let mut untallied = Vec::new();
    let mut new_sources = HashSet::new();
    for page in pages {
        let Intake { mut outcome, mut newly_seen } = Intake::default();
        for (id, draft) in page {
            let content_hash = draft.content_hash();
            let known = states.get(&id);
            let live = known.filter(|known| known.live);
            let tally = match origin {
                DraftOrigin::Crawl(tally) => Some(tally.0),
                // A document that a client restores belongs to the client: the next crawl must not
                // consider it vanished.
                DraftOrigin::Client => live.and_then(|known| known.tally),
            };
            let seen_before = known.and_then(|known| known.tally) == tally;
            if !seen_before {
                newly_seen += 1;
            }
            match live {
                Some(live) if live.content_hash == content_hash => {
                    // Pages overlap, and later passes read them again: a crawl counts each document once.
                    let is_counted = matches!(origin, DraftOrigin::Crawl(_)) && seen_before;
                    outcome.unchanged += usize::from(!is_counted);
                    if !seen_before {
                        untallied.push(id);
                        states.entry(id).and_modify(|state| state.tally = tally);
                    }
                    continue;
                }
                Some(_) => outcome.updated += 1,
                None => outcome.inserted += 1,
            }
            if known.is_none() {
                new_sources.insert(&draft.source);
            }
            let index = known.and_then(|known| known.row).unwrap_or(changed.len());
            let row = row(id, draft, content_hash.clone(), revisions.advance(), tally, now);
            match changed.get_mut(index) {
                Some(earlier) => *earlier = (row, draft),
                None => changed.push((row, draft)),
            }
            states.insert(id, DocumentState { content_hash, live: true, tally, row: Some(index) });
        }
        outcome.revision = revisions.latest();
        intakes.push(Intake { outcome, newly_seen });
    }
    register(transaction, new_sources).await?;
    // The last name of an author counts.
    changed.sort_unstable_by_key(|(row, _)| row.revision);
    let (rows, drafts): (Vec<Model>, Vec<&DocumentDraft>) = changed.into_iter().unzip();
    authors::store(transaction, &drafts).await?;
    insert(transaction, rows).await?;
    if let DraftOrigin::Crawl(tally) = origin {
        set_tally(transaction, &untallied, tally).await?;
    }
    Ok(intakes)
}

/// Stores sources that may exist already.
pub(super) async fn register(
    transaction: &DatabaseTransaction,
    names: impl IntoIterator<Item = &SourceName>,
) -> Result<(), CallFailure> {
    // The same order in all transactions prevents deadlocks.
    let mut names: Vec<&str> = names.into_iter().map(SourceName::as_str).collect();
    names.sort_unstable();
    for name in names {
        let known = sources::Entity::find_by_id(name).one(transaction).await?;
        if known.is_some() {
            continue;
        }
        let on_conflict =
            OnConflict::column(sources::Column::Name).do_nothing_on([sources::Column::Name]).to_owned();
        InsertMany::<sources::ActiveModel>::many([sources::Model { name: name.to_owned() }])
            .on_conflict(on_conflict)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The drafts with their ids; of several with one id, the last.
fn last_of_each(drafts: &[DocumentDraft]) -> Vec<(Uuid, &DocumentDraft)> {
    let mut seen = HashSet::with_capacity(drafts.len());
    let mut last: Vec<(Uuid, &DocumentDraft)> =
        drafts.iter().rev().map(|draft| (draft.id().0, draft)).filter(|(id, _)| seen.insert(*id)).collect();
    last.reverse();
    last
}

/// Reads the states of the stored ones of documents.
async fn states(
    transaction: &DatabaseTransaction,
    pages: &[Vec<(Uuid, &DocumentDraft)>],
) -> Result<HashMap<Uuid, DocumentState>, CallFailure> {
    let ids: Vec<Uuid> = pages.iter().flatten().map(|(id, _)| *id).collect();
    let mut states = HashMap::with_capacity(ids.len());
    for list in id_lists(&ids) {
        let rows: Vec<(Uuid, String, Option<StoredTime>, Option<i64>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::ContentHash, Column::DeletedAt, Column::Tally])
            .filter(Column::Id.is_in(list))
            .into_tuple()
            .all(transaction)
            .await?;
        states.extend(rows.into_iter().map(|(id, content_hash, deleted_at, tally)| {
            (id, DocumentState { content_hash, live: deleted_at.is_none(), tally, row: None })
        }));
    }
    Ok(states)
}

fn row(
    id: Uuid,
    draft: &DocumentDraft,
    content_hash: String,
    revision: i64,
    tally: Option<i64>,
    now: StoredTime,
) -> Model {
    let author = draft.author.as_ref();
    Model {
        id,
        source: draft.source.as_str().to_owned(),
        key: draft.key.as_str().to_owned(),
        title: draft.title.clone(),
        text: draft.text.clone(),
        category: draft.category.clone(),
        author_id: author.map(|author| AuthorId::of(&draft.source, &author.key).0),
        author_key: author.map(|author| author.key.clone()),
        author_name: author.map(|author| author.name.clone()),
        published_at: draft.published_at.filter(is_storable).map(stored),
        attributes: draft.attributes.clone(),
        content_hash,
        revision,
        indexed_at: now,
        deleted_at: None,
        tally,
    }
}

/// Returns true if all databases can store a point in time.
///
/// MySQL has years of four digits, and SQLite's text of others would be unreadable, which would stop all
/// indexes at this document. Such a date is an upstream error; the document is stored without it.
fn is_storable(at: &Timestamp) -> bool {
    (1..=9_999).contains(&at.year())
}

async fn insert(transaction: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), CallFailure> {
    let backend = transaction.get_database_backend();
    let mut statements = batches_of(rows).into_iter().map(|batch| statement(backend, batch));
    let mut next = statements.next();
    while let Some(statement) = next {
        // The database executes a statement while the next one is built.
        let (executed, built) =
            tokio::join!(biased; transaction.execute_raw(statement), async { statements.next() });
        executed?;
        next = built;
    }
    Ok(())
}

fn statement(backend: DbBackend, rows: Vec<Model>) -> Statement {
    let sql = match rows.len() {
        LARGE_STATEMENT_DOCUMENTS => LARGE_TEXTS.of(backend),
        count => text_of(backend, count),
    };
    Statement::from_sql_and_values(backend, sql, rows.into_iter().flat_map(values))
}

/// The texts of large statements: building one takes longer than its values do.
static LARGE_TEXTS: Texts = Texts([const { OnceLock::new() }; 3]);

struct Texts([OnceLock<String>; 3]);

impl Texts {
    fn of(&self, backend: DbBackend) -> String {
        let index = match backend {
            DbBackend::MySql => 0,
            DbBackend::Postgres => 1,
            _ => 2,
        };
        self.0[index].get_or_init(|| text_of(backend, LARGE_STATEMENT_DOCUMENTS)).clone()
    }
}

/// Returns the text of the statement that stores `rows` documents.
fn text_of(backend: DbBackend, rows: usize) -> String {
    let columns: Vec<Column> = Column::iter().collect();
    let updated =
        columns.iter().filter(|column| !matches!(column, Column::Id | Column::Source | Column::Key));
    let on_conflict = OnConflict::column(Column::Id).update_columns(updated.copied()).to_owned();
    let row = vec![Expr::value(0); columns.len()];
    let mut insert = Query::insert();
    insert.into_table(Entity).columns(columns).on_conflict(on_conflict);
    for _ in 0..rows {
        insert.values_panic(row.clone());
    }
    backend.build(&insert).sql
}

/// Returns the values of a row in the order of the columns.
fn values(row: Model) -> [Value; 16] {
    [
        row.id.into(),
        row.source.into(),
        row.key.into(),
        row.title.into(),
        row.text.into(),
        row.category.into(),
        row.author_id.into(),
        row.author_key.into(),
        row.author_name.into(),
        row.published_at.into(),
        row.attributes.into(),
        row.content_hash.into(),
        row.revision.into(),
        row.indexed_at.into(),
        row.deleted_at.into(),
        row.tally.into(),
    ]
}

/// Splits rows into those of one statement each.
fn batches_of(rows: Vec<Model>) -> Vec<Vec<Model>> {
    let size =
        |row: &Model| row.title.as_ref().map_or(0, String::len) + row.text.len() + row.attributes.len();
    let (mut large, mut others) = (Vec::new(), Vec::new());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Model> = rows.by_ref().take(LARGE_STATEMENT_DOCUMENTS).collect();
        let is_full = chunk.len() == LARGE_STATEMENT_DOCUMENTS;
        if is_full && chunk.iter().map(size).sum::<usize>() <= STATEMENT_BYTES {
            large.push(chunk);
        } else {
            others.extend(chunk);
        }
    }
    large.extend(batches(others, STATEMENT_DOCUMENTS, STATEMENT_BYTES, size));
    large
}

/// Marks stored documents as seen whose items are invalid now: they are still upstream.
pub(super) async fn keep(
    transaction: &DatabaseTransaction,
    documents: &[DocumentId],
    tally: Tally,
) -> Result<(), CallFailure> {
    for list in documents.chunks(STATEMENT_IDS) {
        Entity::update_many()
            .col_expr(Column::Tally, Expr::value(tally.0))
            .filter(Column::Id.is_in(list.iter().map(|document| document.0)))
            .filter(Column::Tally.is_not_null())
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Sets the tally of unchanged documents, without new revisions.
async fn set_tally(transaction: &DatabaseTransaction, ids: &[Uuid], tally: Tally) -> Result<(), CallFailure> {
    for list in id_lists(ids) {
        Entity::update_many()
            .col_expr(Column::Tally, Expr::value(tally.0))
            .filter(Column::Id.is_in(list))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quarry_domain::DocumentKey;

    #[test]
    fn large_statements_have_one_length_and_bounded_sizes() {
        let lengths = |count: usize, text: usize| -> Vec<usize> {
            let draft = |key: usize| DocumentDraft {
                source: SourceName::parse("s").expect("a name"),
                key: DocumentKey::parse(&key.to_string()).expect("a key"),
                title: None,
                text: "x".repeat(text),
                category: None,
                author: None,
                published_at: None,
                attributes: String::new(),
            };
            let now = stored(chrono::Utc::now());
            let rows = (0..count).map(|key| row(Uuid::nil(), &draft(key), String::new(), 1, None, now));
            batches_of(rows.collect()).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(0, 1), [0; 0]);
        assert_eq!(lengths(300, 1), [256, 44]);
        assert_eq!(lengths(2_400, 1), [1_024, 1_024, 256, 96]);
        assert_eq!(lengths(1_024, 4_096), [256; 4]);
        assert_eq!(lengths(1_024, 16_384), [128; 8]);
    }
}
