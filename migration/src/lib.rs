//! The database migrations of quarry: one file for each change, applied in order.
//!
//! Migrations are append-only, because existing databases have applied them. They name tables and
//! columns of their time and use no entity, so that later changes of the code cannot alter them. MySQL
//! commits each statement that changes the schema: every step is idempotent, so that an interrupted
//! migration succeeds when it is applied again.
//!
//! `quarry migrate` calls this library; it has no binary.

mod column;
mod m20261120_000001_documents;
mod m20261120_000002_crawls;
mod m20261120_000003_leases;
mod m20261120_000004_search_logs;
mod m20261121_000005_search_reports;
mod m20261121_000006_interactions;
mod m20261130_000007_interaction_index;
mod m20261130_000008_rejections;
mod m20261201_000009_search_revisions;
mod m20261201_000020_match_tiers;
mod m20261201_000021_attributions;
mod m20261201_000022_search_contexts;
mod m20261201_000023_search_rules;
mod m20261202_000024_category_index;

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_documents::Migration),
            Box::new(m20261120_000002_crawls::Migration),
            Box::new(m20261120_000003_leases::Migration),
            Box::new(m20261120_000004_search_logs::Migration),
            Box::new(m20261121_000005_search_reports::Migration),
            Box::new(m20261121_000006_interactions::Migration),
            Box::new(m20261130_000007_interaction_index::Migration),
            Box::new(m20261130_000008_rejections::Migration),
            Box::new(m20261201_000009_search_revisions::Migration),
            Box::new(m20261201_000020_match_tiers::Migration),
            Box::new(m20261201_000021_attributions::Migration),
            Box::new(m20261201_000022_search_contexts::Migration),
            Box::new(m20261201_000023_search_rules::Migration),
            Box::new(m20261202_000024_category_index::Migration),
        ]
    }
}
