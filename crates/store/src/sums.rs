//! Sums in SQL: as whole numbers, and by differences that are added to what is there.

use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait};

/// Whether rows or their removal are counted.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    Plus = 1,
    Minus = -1,
}

/// The sum of what are whole numbers, as one.
pub(super) fn total(backend: DbBackend, of: impl ExprTrait) -> Expr {
    whole(backend, of.sum())
}

/// A sum as a whole number: PostgreSQL's and MySQL's are decimal.
pub(super) fn whole(backend: DbBackend, sum: impl ExprTrait) -> Expr {
    let integer = match backend {
        DbBackend::MySql => "signed",
        _ => "bigint",
    };
    sum.cast_as(integer)
}

/// What an insertion would have written, in the update that takes its place.
pub(super) fn proposed(backend: DbBackend, column: &str) -> String {
    match backend {
        DbBackend::MySql => format!("VALUES({column})"),
        _ => format!("excluded.{column}"),
    }
}

/// What is there and what an insertion would have written, added up.
pub(super) fn added(backend: DbBackend, table: &str, column: &str) -> Expr {
    Expr::cust(format!("{table}.{column} + {}", proposed(backend, column)))
}
