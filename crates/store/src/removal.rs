//! Removing documents: what stays is a tombstone, which tells every index that follows.

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::StoredTime;
use super::batch::IDS;
use super::entity::documents::{Column, Entity};
use super::failure::Failure;
use super::revisions::Revisions;

/// Turns live documents into tombstones, each with a revision of its own; their content goes.
///
/// The tally stays: within one count, a document that is seen again after its removal is not
/// one more.
pub(super) async fn bury(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    live: &[Uuid],
    now: StoredTime,
) -> Result<(), Failure> {
    let none = || Expr::value(Option::<String>::None);
    for ids in live.chunks(IDS) {
        let mut revision = CaseStatement::new();
        for id in ids {
            revision = revision.case(Column::Id.eq(*id), Expr::value(revisions.take()));
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
