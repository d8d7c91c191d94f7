//! Sums in SQL: as integers, and by increments of stored values.

use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait};

/// The integer sum of an integer expression.
pub(super) fn total(backend: DbBackend, of: impl ExprTrait) -> Expr {
    integer(backend, of.sum())
}

/// Casts a sum to an integer: sums of PostgreSQL and MySQL are decimal.
pub(super) fn integer(backend: DbBackend, sum: impl ExprTrait) -> Expr {
    let name = match backend {
        DbBackend::MySql => "signed",
        _ => "bigint",
    };
    sum.cast_as(name)
}

/// The value of the conflicting insert within an upsert.
pub(super) fn proposed(backend: DbBackend, column: &str) -> String {
    match backend {
        DbBackend::MySql => format!("VALUES({column})"),
        _ => format!("excluded.{column}"),
    }
}

/// The sum of the stored and the inserted value within an upsert.
pub(super) fn added(backend: DbBackend, table: &str, column: &str) -> Expr {
    Expr::cust(format!("{table}.{column} + {}", proposed(backend, column)))
}
