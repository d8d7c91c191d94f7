//! `quarry crawl SOURCE`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;

use super::output::{note_line, say_line};
use super::progress::{CrawlDisplay, summary};
use super::{INTERRUPTED, SettingsArgs, cancel_on_signal, find_source, finish_traces, start_telemetry};
use crate::app;
use crate::crawl::RunEnd;
use crate::domain::CrawlState;

#[derive(Debug, Args)]
pub(super) struct CrawlArgs {
    /// The name of a configured source
    source: String,
    /// Remove vanished documents even beyond the source's max_shrink
    #[arg(long)]
    allow_shrink: bool,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

pub(super) async fn run(args: CrawlArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    let traces = start_telemetry(&settings)?;
    let source = find_source(&settings, &args.source)?;
    let (store, _) = app::open_store(&settings).await?;
    let cancel = cancel_on_signal()?;
    let display = CrawlDisplay::new();
    let end = app::crawl(&settings, store.clone(), source, args.allow_shrink, &display, &cancel).await;
    store.close().await?;
    finish_traces(traces).await;
    match end? {
        RunEnd::Finished(crawl, _) => {
            say_line!("{}", summary(&crawl))?;
            Ok(if crawl.state == CrawlState::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        RunEnd::Cancelled => {
            note_line!("{}: stopped; the next crawl resumes here", source.name);
            Ok(ExitCode::from(INTERRUPTED))
        }
        RunEnd::Held(_) => Err(anyhow!("another process crawls {}", source.name)),
    }
}
