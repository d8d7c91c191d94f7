//! Conditions on the facts about the requests of searches.
//!
//! A context is a text of lines, so a fact is a part of it, compared byte by byte. No index finds one: a period
//! limits the rows that are read.

use sea_orm::sea_query::{Cond, Expr, ExprTrait, Func};
use sea_orm::{Condition, DbBackend};

use super::super::entity::search_logs::{Column, Entity};
use quarry_domain::SearchFact;

/// The condition that the context of a logged search holds all facts.
pub(crate) fn holds(backend: DbBackend, facts: &[SearchFact]) -> Condition {
    let position = match backend {
        DbBackend::Postgres => "strpos",
        _ => "instr",
    };
    facts.iter().fold(Cond::all(), |all, fact| {
        let context = Expr::col((Entity, Column::Context));
        all.add(Func::cust(position).arg(context).arg(fact.pattern()).gt(0))
    })
}
