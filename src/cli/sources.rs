//! `quarry sources`: the list of sources, a proposal for a new one, and the removal of an old one.

mod init;
mod purge;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::output::say_line;
use super::{SettingsArgs, start_log};
use crate::app;
use crate::config::Settings;
use crate::domain::{Crawl, SourceName};
use crate::store::Store;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = false)]
pub(super) struct SourcesArgs {
    #[command(subcommand)]
    command: Option<SourcesCommand>,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
enum SourcesCommand {
    /// List configured and stored sources with their documents and last crawls
    List,
    /// Inspect an API and print the settings of a source for it; stores nothing
    Init(init::InitArgs),
    /// Remove the documents of a source that is no longer configured
    Purge(purge::PurgeArgs),
}

pub(super) async fn run(args: SourcesArgs) -> Result<ExitCode> {
    if let Some(SourcesCommand::Init(init)) = args.command {
        return init::run(init).await;
    }
    let settings = args.settings.load()?;
    start_log(&settings)?;
    let store = app::connect_migrated_store(&settings).await?;
    let code = match args.command {
        Some(SourcesCommand::Purge(purge)) => purge::run(&settings, &store, purge).await,
        _ => list(&settings, &store).await,
    };
    store.close().await?;
    code
}

async fn list(settings: &Settings, store: &Store) -> Result<ExitCode> {
    let configured: BTreeSet<&SourceName> = settings.sources.contents().map(|source| source.name).collect();
    let mut names: BTreeSet<SourceName> = store.sources().await?.into_iter().collect();
    names.extend(configured.iter().map(|name| (*name).clone()));
    let names: Vec<SourceName> = names.into_iter().collect();
    if names.is_empty() {
        say_line!("no sources: `quarry sources init URL` proposes one")?;
        return Ok(ExitCode::SUCCESS);
    }
    let counts = store.document_counts_of_sources(&names).await?;
    let crawls = store.last_crawls(&names).await?;
    let width = names.iter().map(|name| name.as_str().chars().count()).max().unwrap_or(0).max(6);
    say_line!("{:<width$}  {:<10}  {:>10}  last crawl", "source", "configured", "documents")?;
    for name in &names {
        let is_configured = if configured.contains(name) { "yes" } else { "no" };
        let documents = counts.get(name).copied().unwrap_or(0);
        let crawl = crawls.get(name).map_or("none".to_owned(), describe);
        say_line!("{:<width$}  {is_configured:<10}  {documents:>10}  {crawl}", name.as_str())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(crawl: &Crawl) -> String {
    let at = crawl.finished_at.unwrap_or(crawl.started_at);
    let error = crawl.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{} {}{error}", crawl.state.as_str().to_lowercase(), at.format("%Y-%m-%d %H:%M:%S UTC"))
}
