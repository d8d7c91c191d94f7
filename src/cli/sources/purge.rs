//! `quarry sources purge NAME`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;

use super::super::confirm::confirm;
use super::super::output::say_line;
use crate::app;
use crate::cli::progress::ProgressDisplay;
use crate::config::Settings;
use crate::domain::SourceName;
use crate::store::Store;

/// The interval of progress lines without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// The name of a source that is no longer configured
    name: String,
    /// Remove without asking
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(settings: &Settings, store: &Store, args: PurgeArgs) -> Result<ExitCode> {
    if settings.sources.contents().any(|source| source.name.as_str() == args.name) {
        bail!("{} is configured: remove its [[sources]] table first, or it is crawled again", args.name);
    }
    let known = store.sources().await?;
    let source = known.iter().find(|known| known.as_str() == args.name);
    let source = source.ok_or_else(|| unknown(&args.name, &known))?;
    let documents = store.document_counts_of_sources(std::slice::from_ref(source)).await?;
    let documents = documents.get(source).copied().unwrap_or(0);
    let by_clients = store.client_document_count(source).await?;
    let note =
        if by_clients > 0 { format!(", {by_clients} of them stored by clients") } else { String::new() };
    say_line!("{source}: {documents} documents{note}")?;
    let question =
        format!("Remove all {documents} documents? They can be restored by a crawl or from a backup only.");
    if !args.yes && !confirm(&question, &format!("remove {documents} documents")).await? {
        say_line!("nothing was removed")?;
        return Ok(ExitCode::FAILURE);
    }
    let display = ProgressDisplay::new("{bar:40} {pos}/{len} documents", LINE_INTERVAL);
    let total = u64::try_from(documents).unwrap_or(0);
    let removed = app::purge(settings, store, source, |removed| {
        display.show(
            false,
            |bar| {
                bar.set_length(total.max(removed));
                bar.set_position(removed);
            },
            || format!("{removed} of {total} documents removed"),
        );
    })
    .await;
    display.finish();
    say_line!("{source}: {} documents removed", removed?)?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str, known: &[SourceName]) -> anyhow::Error {
    let known: Vec<&str> = known.iter().map(SourceName::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    anyhow!("no source {name:?} is stored: stored are {known}")
}
