//! Tables and columns with the same semantics on every database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

/// Creates a table with binary comparison of texts.
///
/// The defaults of MySQL may lack emoji, and treat `Müller` and `muller` as the same key.
pub(crate) fn table(manager: &SchemaManager<'_>, name: impl IntoIden) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name.into_iden()).if_not_exists();
    if manager.get_database_backend() == DbBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// A column for texts of any length: `TEXT` in MySQL ends at 64 KiB.
pub(crate) fn long_text(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom(Alias::new("longtext")),
        _ => column.text(),
    };
    column
}

/// A column for points in time to the microsecond.
///
/// In MySQL, `TIMESTAMP` ends in 2038, and both it and `DATETIME` drop the fraction by default.
pub(crate) fn timestamp(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom(Alias::new("datetime(6)")),
        _ => column.timestamp_with_time_zone(),
    };
    column
}

/// The collation for texts that are compared and ordered by their bytes on every database.
///
/// By default, PostgreSQL follows the database's locale, and MySQL ignores trailing blanks.
pub(crate) struct ExactText {
    /// `None` on databases with binary comparison by default.
    collation: Option<String>,
}

impl ExactText {
    /// Looks up the database's name of the collation.
    pub(crate) async fn of(manager: &SchemaManager<'_>) -> Result<Self, DbErr> {
        let database = manager.get_database_backend();
        let collation = match database {
            DbBackend::MySql => {
                // The first is MariaDB's, the second MySQL's.
                let sql = "SELECT COLLATION_NAME FROM information_schema.COLLATIONS \
                           WHERE COLLATION_NAME IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')";
                let found =
                    manager.get_connection().query_one_raw(Statement::from_string(database, sql)).await?;
                found.map(|row| row.try_get_by_index(0)).transpose()?
            }
            DbBackend::Postgres => Some("\"C\"".to_owned()),
            _ => None,
        };
        Ok(Self { collation })
    }

    /// A column of at most `chars` characters.
    pub(crate) fn column(&self, name: impl IntoIden, chars: u32) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match &self.collation {
            Some(collation) => column.custom(Alias::new(format!("varchar({chars}) COLLATE {collation}"))),
            None => column.string_len(chars),
        };
        column
    }
}

/// Creates an index unless it exists: MySQL has no `IF NOT EXISTS` for indexes.
pub(crate) async fn create_index(
    manager: &SchemaManager<'_>,
    table: &str,
    name: &str,
    columns: &str,
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let sql = format!("CREATE INDEX {name} ON {table} ({columns})");
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

/// Drops a table if it exists.
pub(crate) async fn drop_table(manager: &SchemaManager<'_>, name: impl IntoIden) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(name.into_iden()).if_exists().take()).await
}

/// Drops an index if it exists.
pub(crate) async fn drop_index(manager: &SchemaManager<'_>, table: &str, name: &str) -> Result<(), DbErr> {
    if !manager.has_index(table, name).await? {
        return Ok(());
    }
    let mut drop = Index::drop();
    drop.name(name).table(Alias::new(table));
    manager.drop_index(drop).await
}

/// Adds a column, and returns false if it exists.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &str,
    mut column: ColumnDef,
) -> Result<bool, DbErr> {
    if manager.has_column(table, column.get_column_name()).await? {
        return Ok(false);
    }
    let mut alter = Table::alter();
    manager.alter_table(alter.table(Alias::new(table)).add_column(column.take()).take()).await?;
    Ok(true)
}

/// Drops a column if it exists.
pub(crate) async fn drop_column(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    if !manager.has_column(table, column).await? {
        return Ok(());
    }
    let mut alter = Table::alter();
    manager.alter_table(alter.table(Alias::new(table)).drop_column(Alias::new(column)).take()).await
}
