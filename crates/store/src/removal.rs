//! Deletion of documents: a tombstone remains, so that indexes see the change.

use quarry_domain::DocumentId;
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::StoredTime;
use super::batch::STATEMENT_IDS;
use super::entity::documents::{Column, Entity};
use super::failure::CallFailure;
use super::revisions::Revisions;

/// Deletes those of the documents that live and came from a crawl, and returns their number.
pub(super) async fn delete_crawled(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    documents: &[DocumentId],
    now: StoredTime,
) -> Result<i64, CallFailure> {
    let mut live = Vec::new();
    for list in documents.chunks(STATEMENT_IDS) {
        let found: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(list.iter().map(|document| document.0)))
            .filter(Column::DeletedAt.is_null())
            .filter(Column::Tally.is_not_null())
            .into_tuple()
            .all(transaction)
            .await?;
        live.extend(found);
    }
    soft_delete(transaction, revisions, &live, now).await?;
    Ok(live.len() as i64)
}

/// Replaces live documents by tombstones without content, each with its own revision.
///
/// The tally stays, so that a document that is deleted and seen again counts once.
pub(super) async fn soft_delete(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    live: &[Uuid],
    now: StoredTime,
) -> Result<(), CallFailure> {
    let none = || Expr::value(Option::<String>::None);
    for ids in live.chunks(STATEMENT_IDS) {
        let mut revision = CaseStatement::new();
        for id in ids {
            revision = revision.case(Column::Id.eq(*id), Expr::value(revisions.advance()));
        }
        Entity::update_many()
            .col_expr(Column::Revision, Expr::Case(Box::new(revision)))
            .col_expr(Column::DeletedAt, Expr::value(now))
            .col_expr(Column::Title, none())
            .col_expr(Column::Text, Expr::value(""))
            .col_expr(Column::Category, none())
            .col_expr(Column::AuthorId, Expr::value(Option::<Uuid>::None))
            .col_expr(Column::AuthorKey, none())
            .col_expr(Column::AuthorName, none())
            .col_expr(Column::PublishedAt, Expr::value(Option::<StoredTime>::None))
            .col_expr(Column::Attributes, Expr::value("{}"))
            .col_expr(Column::ContentHash, Expr::value(""))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
