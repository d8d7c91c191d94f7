//! What reports add up: what was done with each document by the day, which is UTC's.
//!
//! Rows are added and taken away by differences, which the database applies to what is committed:
//! whoever else writes at the same time, the sums come out right.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::super::StoredTime;
use super::super::batch::IDS;
use super::super::entity::interaction_days::{Column, Entity};
use super::super::entity::interactions::Model;
use super::super::failure::Failure;
use super::super::span::{DAY_S, floor};
use super::super::sums::{Sign, added};

/// Roll-ups in one statement, at five parameters each.
const STATEMENT_ROLLUPS: usize = 1_000;

/// What some rows come to; in the order in which roll-ups are locked.
pub(super) struct RollUps(BTreeMap<(String, StoredTime, Uuid), Sums>);

#[derive(Default)]
struct Sums {
    interactions: i64,
    quantity: i64,
}

impl RollUps {
    pub(super) fn of(rows: &[Model]) -> Self {
        let mut rollups: BTreeMap<_, Sums> = BTreeMap::new();
        for row in rows {
            let place = (row.kind.clone(), floor(row.occurred_at, DAY_S), row.document_id);
            let sums = rollups.entry(place).or_default();
            sums.interactions += 1;
            sums.quantity += row.quantity;
        }
        Self(rollups)
    }

    /// Counts rows that the transaction inserted.
    pub(super) async fn add(&self, transaction: &DatabaseTransaction) -> Result<(), Failure> {
        self.apply(transaction, Sign::Plus).await
    }

    /// Counts the removal of rows that the transaction deleted. What comes to nothing goes.
    pub(super) async fn subtract(&self, transaction: &DatabaseTransaction) -> Result<(), Failure> {
        self.apply(transaction, Sign::Minus).await?;
        let mut documents: BTreeMap<(&str, StoredTime), Vec<Uuid>> = BTreeMap::new();
        for (kind, day, document) in self.0.keys() {
            documents.entry((kind, *day)).or_default().push(*document);
        }
        for ((kind, day), documents) in documents {
            for documents in documents.chunks(IDS) {
                Entity::delete_many()
                    .filter(Column::Kind.eq(kind))
                    .filter(Column::Day.eq(day))
                    .filter(Column::DocumentId.is_in(documents.iter().copied()))
                    .filter(Column::Interactions.lte(0))
                    .exec(transaction)
                    .await?;
            }
        }
        Ok(())
    }

    async fn apply(&self, transaction: &DatabaseTransaction, sign: Sign) -> Result<(), Failure> {
        let backend = transaction.get_database_backend();
        let on_conflict = OnConflict::columns([Column::Kind, Column::Day, Column::DocumentId])
            .value(Column::Interactions, added(backend, "interaction_days", "interactions"))
            .value(Column::Quantity, added(backend, "interaction_days", "quantity"))
            .to_owned();
        let factor = sign as i64;
        let rollups: Vec<_> = self.0.iter().collect();
        for batch in rollups.chunks(STATEMENT_ROLLUPS) {
            let values = batch.iter().map(|((kind, day, document), of)| {
                [
                    Expr::from(kind.as_str()),
                    (*day).into(),
                    (*document).into(),
                    (factor * of.interactions).into(),
                    (factor * of.quantity).into(),
                ]
            });
            let upsert = Query::insert()
                .into_table(Entity)
                .columns([
                    Column::Kind,
                    Column::Day,
                    Column::DocumentId,
                    Column::Interactions,
                    Column::Quantity,
                ])
                .values_from_panic(values)
                .on_conflict(on_conflict.clone())
                .take();
            transaction.execute(&upsert).await?;
        }
        Ok(())
    }
}
