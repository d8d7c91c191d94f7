//! `quarry migrate`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::SettingsArgs;
use super::confirm::confirm;
use super::output::say_line;
use crate::app::{connect_store, require_database, require_idle, require_sole_use};

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Apply pending migrations
    Up {
        /// The largest number of migrations [default: all]
        #[arg(long, value_name = "N")]
        steps: Option<u32>,
    },
    /// Revert applied migrations, the latest first; deletes the data of their tables. Stop all servers before
    Down {
        /// The number of migrations
        #[arg(long, value_name = "N", default_value_t = 1)]
        steps: u32,
        /// Revert without asking
        #[arg(long)]
        yes: bool,
    },
    /// Show which migrations are applied
    Status,
}

pub(super) async fn run(args: MigrateArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    if !matches!(args.command, MigrateCommand::Up { .. }) {
        require_database(&settings)?;
    }
    if let MigrateCommand::Down { .. } = args.command {
        // A running server would stay ready although its reports and mutations fail.
        require_idle(&settings)?;
    }
    let (store, mut record) = connect_store(&settings).await?;
    let before = store.migration_status().await?;
    match args.command {
        MigrateCommand::Up { steps } => say_line!("{} applied", store.migrate_up(steps).await?)?,
        MigrateCommand::Down { steps, yes } => {
            require_sole_use(&store)?;
            let question = "Revert migrations with the data of their tables? A backup alone restores it.";
            if !yes && !confirm(question, "revert migrations with the data of their tables").await? {
                say_line!("nothing was reverted")?;
                return Ok(ExitCode::FAILURE);
            }
            let count = store.migrate_down(steps).await?;
            record.forget_if_gone(&store).await?;
            let what = if count == 0 { "" } else { ", with the data of their tables" };
            say_line!("{count} reverted{what}")?;
        }
        MigrateCommand::Status => {}
    }
    for (migration, before) in store.migration_status().await?.into_iter().zip(before) {
        let mark = match (before.applied, migration.applied) {
            (true, false) => "reverted",
            (_, true) => "applied",
            (false, false) => "pending",
        };
        say_line!("{mark}  {}", migration.name)?;
    }
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}
