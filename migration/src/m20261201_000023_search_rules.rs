//! Synonyms, stop words and rules of searches, with the counter of their changes.

use sea_orm_migration::prelude::*;

use crate::column::{drop_table, long_text, table};

const COUNTERS: &str = "counters";
const NAME: &str = "name";
const COUNTER: &str = "search_rules";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table(manager, SearchRules::Table)
                    // synonyms, stop_words or rule.
                    .col(ColumnDef::new(SearchRules::Kind).string_len(16).not_null())
                    .col(ColumnDef::new(SearchRules::Id).string_len(64).not_null())
                    // The entry as JSON.
                    .col(long_text(manager, SearchRules::Content).not_null())
                    .primary_key(Index::create().col(SearchRules::Kind).col(SearchRules::Id))
                    .take(),
            )
            .await?;
        let counter = Query::insert()
            .into_table(COUNTERS)
            .columns([NAME, "value"])
            .values_panic([COUNTER.into(), 0_i64.into()])
            .on_conflict(OnConflict::column(NAME).do_nothing_on([NAME]).to_owned())
            .take();
        manager.execute(counter).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_table(manager, SearchRules::Table).await?;
        let counter = Query::delete().from_table(COUNTERS).and_where(Expr::col(NAME).eq(COUNTER)).take();
        manager.execute(counter).await
    }
}

#[derive(DeriveIden)]
enum SearchRules {
    Table,
    Kind,
    Id,
    Content,
}
