//! The visitors of documents.

use quarry_runtime::boxed;

use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait};

use super::super::entity::interactions::{Column, Entity};
use super::super::{Store, StoreError, stored};
use super::kind_name;
use quarry_domain::{DocumentId, InteractionKind, Timestamp};

impl Store {
    /// The documents with the most visitors since a time, each with their number; ties in order of their ids.
    ///
    /// A session is one visitor, however often it interacts; without a session, each interaction is one.
    #[boxed]
    pub async fn visitors(
        &self,
        kind: InteractionKind,
        from: Timestamp,
        limit: u64,
    ) -> Result<Vec<(DocumentId, i64)>, StoreError> {
        let select = visitors_of(kind, from, limit);
        self.read(|database| async move {
            let mut visitors = Vec::new();
            for row in database.query_all(&select).await? {
                visitors.push((DocumentId(row.try_get_by_index(0)?), row.try_get_by_index(1)?));
            }
            Ok(visitors)
        })
        .await
    }
}

fn visitors_of(kind: InteractionKind, from: Timestamp, limit: u64) -> SelectStatement {
    let visitors = Alias::new("visitors");
    let session = || Expr::col(Column::SessionId);
    let without = Expr::col(Asterisk).count().sub(session().count());
    Query::select()
        .column(Column::DocumentId)
        .expr_as(session().count_distinct().add(without), visitors.clone())
        .from(Entity)
        .and_where(Column::Kind.eq(kind_name(kind)))
        .and_where(Column::OccurredAt.gte(stored(from)))
        .group_by_col(Column::DocumentId)
        .order_by(visitors, Order::Desc)
        .order_by(Column::DocumentId, Order::Asc)
        .limit(limit)
        .take()
}
