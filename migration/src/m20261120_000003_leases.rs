//! Leases: names held by one process of a fleet until a point in time.

use sea_orm_migration::prelude::*;

use crate::column::{drop_table, table, timestamp};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table(manager, Leases::Table)
                    .col(ColumnDef::new(Leases::Name).string_len(191).not_null().primary_key())
                    .col(ColumnDef::new(Leases::Holder).uuid().not_null())
                    .col(timestamp(manager, Leases::ExpiresAt).not_null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_table(manager, Leases::Table).await
    }
}

#[derive(DeriveIden)]
enum Leases {
    Table,
    Name,
    Holder,
    ExpiresAt,
}
