//! Reads of documents, and the calls that write them.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, NullOrdering, Order, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::batch::id_lists;
use super::entity::documents::{Column, Entity};
use super::entity::sources;
use super::failure::CallFailure;
use super::intake::{self, DraftOrigin};
use super::removal;
use super::revisions::Revisions;
use super::{DeleteOutcome, Slice, Store, StoreError, UpsertOutcome, source_name, stored};
use quarry_domain::{
    AuthorId, AuthorRef, Document, DocumentDraft, DocumentId, DocumentKey, SourceName, Timestamp,
};

/// The columns of a document in the order that [`document`] reads.
const COLUMNS: [Column; 12] = [
    Column::Id,
    Column::Source,
    Column::Key,
    Column::Title,
    Column::Text,
    Column::Category,
    Column::AuthorId,
    Column::AuthorKey,
    Column::AuthorName,
    Column::PublishedAt,
    Column::Attributes,
    Column::IndexedAt,
];

impl Store {
    /// Stores documents from clients; of several with one key, the last counts.
    #[boxed]
    pub async fn upsert_documents(&self, drafts: &[DocumentDraft]) -> Result<UpsertOutcome, StoreError> {
        self.write(drafts.to_vec(), |store, drafts| Box::pin(store.try_upsert(drafts))).await
    }

    async fn try_upsert(&self, drafts: &[DocumentDraft]) -> Result<UpsertOutcome, CallFailure> {
        let transaction = self.begin().await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let now = stored(chrono::Utc::now());
        let intakes =
            intake::store(&transaction, &mut revisions, &[drafts], DraftOrigin::Client, now).await?;
        revisions.save(&transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(intakes.into_iter().next().unwrap_or_default().outcome)
    }

    /// Deletes documents; unknown ones are ignored.
    #[boxed]
    pub async fn delete_documents(&self, ids: &[DocumentId]) -> Result<DeleteOutcome, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.write(ids, |store, ids| Box::pin(store.try_delete(ids))).await
    }

    async fn try_delete(&self, ids: &[Uuid]) -> Result<DeleteOutcome, CallFailure> {
        let transaction = self.begin().await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let mut live: Vec<Uuid> = Vec::new();
        for list in id_lists(ids) {
            let rows: Vec<Uuid> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::Id.is_in(list))
                .filter(Column::DeletedAt.is_null())
                .into_tuple()
                .all(&*transaction)
                .await?;
            live.extend(rows);
        }
        // The same id may be in two lists.
        live.sort_unstable();
        live.dedup();
        removal::soft_delete(&transaction, &mut revisions, &live, stored(chrono::Utc::now())).await?;
        revisions.save(&transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(DeleteOutcome { deleted: live.len(), revision: revisions.latest() })
    }

    /// Live documents by id, without unknown and deleted ones.
    #[boxed]
    pub async fn documents_by_id(
        &self,
        ids: &[DocumentId],
    ) -> Result<HashMap<DocumentId, Document>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.read(|database| async move {
            let mut found = HashMap::with_capacity(ids.len());
            for list in id_lists(&ids) {
                for document in documents(&database, live().filter(Column::Id.is_in(list))).await? {
                    found.insert(document.id, document);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Live documents of a source in the order of their ids, behind one of them.
    #[boxed]
    pub async fn documents_of_source(
        &self,
        source: &SourceName,
        after: Option<DocumentId>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        let select = live()
            .filter(Column::Source.eq(source.as_str()))
            .filter(Condition::all().add_option(after.map(|after| Column::Id.gt(after.0))))
            .order_by_asc(Column::Id)
            .limit(limit);
        self.read(|database| async move { documents(&database, select).await }).await
    }

    /// A slice of the live documents of an author, newest first, undated last, then by id.
    #[boxed]
    pub async fn documents_of_author(
        &self,
        author: AuthorId,
        slice: Slice<(Option<Timestamp>, DocumentId)>,
    ) -> Result<Vec<Document>, StoreError> {
        let bounds = Condition::all()
            .add_option(slice.after.map(|(published_at, id)| older(published_at, id)))
            .add_option(slice.before.map(|(published_at, id)| newer(published_at, id)));
        let select = live().filter(Column::AuthorId.eq(author.0)).filter(bounds);
        let order = slice.order(Order::Desc);
        // SQLite and MySQL order nulls last in descending order by default, which an index serves.
        let select = match self.backend() {
            DbBackend::Postgres => {
                let nulls = if slice.from_end { NullOrdering::First } else { NullOrdering::Last };
                select.order_by_with_nulls(Column::PublishedAt, order, nulls)
            }
            _ => select.order_by(Column::PublishedAt, order),
        };
        let select = select.order_by(Column::Id, slice.order(Order::Asc)).limit(slice.limit);
        let documents = self.read(|database| async move { documents(&database, select).await }).await?;
        Ok(slice.in_list_order(documents))
    }

    /// The number of live documents of each source.
    #[boxed]
    pub async fn document_counts_of_sources(
        &self,
        names: &[SourceName],
    ) -> Result<HashMap<SourceName, i64>, StoreError> {
        let mut counts: HashMap<SourceName, i64> = names.iter().map(|name| (name.clone(), 0)).collect();
        let select = Entity::find()
            .select_only()
            .column(Column::Source)
            .column_as(Expr::col(Asterisk).count(), "documents")
            .filter(Column::Source.is_in(names.iter().map(SourceName::as_str)))
            .filter(Column::DeletedAt.is_null())
            .group_by(Column::Source)
            .into_tuple::<(String, i64)>();
        for (name, count) in self.read(|database| async move { Ok(select.all(&database).await?) }).await? {
            counts.insert(source_name(name)?, count);
        }
        Ok(counts)
    }

    /// The number of live documents of each author.
    #[boxed]
    pub async fn document_counts_of_authors(
        &self,
        authors: &[AuthorId],
    ) -> Result<HashMap<AuthorId, i64>, StoreError> {
        let mut counts: HashMap<AuthorId, i64> = authors.iter().map(|author| (*author, 0)).collect();
        let ids: Vec<Uuid> = authors.iter().map(|author| author.0).collect();
        self.read(|database| async move {
            for list in id_lists(&ids) {
                let rows: Vec<(Uuid, i64)> = Entity::find()
                    .select_only()
                    .column(Column::AuthorId)
                    .column_as(Expr::col(Asterisk).count(), "documents")
                    .filter(Column::AuthorId.is_in(list))
                    .filter(Column::DeletedAt.is_null())
                    .group_by(Column::AuthorId)
                    .into_tuple()
                    .all(&database)
                    .await?;
                counts.extend(rows.into_iter().map(|(author, count)| (AuthorId(author), count)));
            }
            Ok(counts)
        })
        .await
    }

    /// All registered sources, by name.
    #[boxed]
    pub async fn sources(&self) -> Result<Vec<SourceName>, StoreError> {
        // The intake of a document registers its source.
        let rows =
            self.read(|database| async move { Ok(sources::Entity::find().all(&database).await?) }).await?;
        let mut names =
            rows.into_iter().map(|row| source_name(row.name)).collect::<Result<Vec<_>, CallFailure>>()?;
        // Databases sort by their locale; this order is the same on all.
        names.sort_unstable();
        Ok(names)
    }

    /// Registers a configured source before it has documents.
    #[boxed]
    pub async fn register_source(&self, source: &SourceName) -> Result<(), StoreError> {
        self.write(source.clone(), |store, source| Box::pin(store.try_register(source))).await
    }

    async fn try_register(&self, source: &SourceName) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        intake::register(&transaction, [source]).await?;
        transaction.commit().await
    }
}

async fn documents(
    database: &impl ConnectionTrait,
    select: Select<Entity>,
) -> Result<Vec<Document>, CallFailure> {
    let mut query = select.into_query();
    add_columns(&mut query);
    let rows = database.query_all(&query).await?;
    rows.iter().map(|row| document(row, 0)).collect()
}

/// Selects from live documents, without columns yet.
fn live() -> Select<Entity> {
    Entity::find().select_only().filter(Column::DeletedAt.is_null())
}

/// The condition for documents after a position in an author's list.
fn older(published_at: Option<Timestamp>, id: DocumentId) -> Condition {
    let later_id = Column::Id.gt(id.0);
    match published_at {
        Some(at) => {
            let at = stored(at);
            Condition::any()
                .add(Column::PublishedAt.lt(at))
                .add(Column::PublishedAt.is_null())
                .add(Condition::all().add(Column::PublishedAt.eq(at)).add(later_id))
        }
        None => Condition::all().add(Column::PublishedAt.is_null()).add(later_id),
    }
}

/// The condition for documents before a position in an author's list.
fn newer(published_at: Option<Timestamp>, id: DocumentId) -> Condition {
    let earlier_id = Column::Id.lt(id.0);
    match published_at {
        Some(at) => {
            let at = stored(at);
            Condition::any()
                .add(Column::PublishedAt.gt(at))
                .add(Condition::all().add(Column::PublishedAt.eq(at)).add(earlier_id))
        }
        None => Condition::any()
            .add(Column::PublishedAt.is_not_null())
            .add(Condition::all().add(Column::PublishedAt.is_null()).add(earlier_id)),
    }
}

/// Appends the columns that [`document`] reads to a statement.
pub(super) fn add_columns(query: &mut SelectStatement) {
    for column in COLUMNS {
        query.expr(Expr::col((Entity, column)));
    }
}

/// Reads a document whose columns start at an index.
///
/// Access by index, because in reads of a million rows, the lookup of names takes longer than the rest.
pub(super) fn document(row: &QueryResult, first: usize) -> Result<Document, CallFailure> {
    let author_id: Option<Uuid> = row.try_get_by_index(first + 6)?;
    let author_key: Option<String> = row.try_get_by_index(first + 7)?;
    let author_name: Option<String> = row.try_get_by_index(first + 8)?;
    let author = match (author_id, author_key, author_name) {
        (Some(id), Some(key), Some(name)) => Some(AuthorRef { id: AuthorId(id), key, name }),
        _ => None,
    };
    let key: String = row.try_get_by_index(first + 2)?;
    Ok(Document {
        id: DocumentId(row.try_get_by_index(first)?),
        source: source_name(row.try_get_by_index(first + 1)?)?,
        key: DocumentKey::try_from(key).map_err(|_| CallFailure::unreadable("document key"))?,
        title: row.try_get_by_index(first + 3)?,
        text: row.try_get_by_index(first + 4)?,
        category: row.try_get_by_index(first + 5)?,
        author,
        published_at: row.try_get_by_index(first + 9)?,
        attributes: row.try_get_by_index(first + 10)?,
        indexed_at: row.try_get_by_index(first + 11)?,
    })
}
