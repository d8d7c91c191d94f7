//! `quarry migrate`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::SettingsArgs;
use crate::app::connect_store;

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Apply pending migrations
    Up {
        /// At most this many [default: all]
        #[arg(long, value_name = "N")]
        steps: Option<u32>,
    },
    /// Take back applied migrations, the latest first: their tables and what is in them are lost
    Down {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 1)]
        steps: u32,
    },
    /// Show which migrations are applied
    Status,
}

pub(super) async fn run(args: MigrateArgs) -> Result<ExitCode> {
    let store = connect_store(&args.settings.load(None)?).await?;
    match args.command {
        MigrateCommand::Up { steps } => println!("{} applied", store.migrate_up(steps).await?),
        MigrateCommand::Down { steps } => println!("{} taken back", store.migrate_down(steps).await?),
        MigrateCommand::Status => {}
    }
    for migration in store.migration_status().await? {
        let mark = if migration.applied { "applied" } else { "pending" };
        println!("{mark}  {}", migration.name);
    }
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}
