//! `quarry try SOURCE`.

mod text;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::output::{say, say_line};
use super::{SettingsArgs, find_source, parse_count, start_log};
use crate::app;
use crate::crawl::{preview_configured, preview_source};

#[derive(Debug, Args)]
pub(super) struct TryArgs {
    /// The name of a configured source
    source: String,
    /// The number of pages to request
    #[arg(long, value_name = "N", default_value = "2", value_parser = parse_count)]
    pages: usize,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

pub(super) async fn run(args: TryArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    start_log(&settings)?;
    let source = find_source(&settings, &args.source)?;
    let preview = match &source.parent {
        Some(_) => {
            let (store, _) = app::open_store(&settings).await?;
            let preview = preview_configured(&store, source, args.pages).await;
            store.close().await?;
            preview?
        }
        // Without a parent, no database has to exist.
        None => preview_source(source, args.pages).await?,
    };
    if args.json {
        say_line!("{}", serde_json::to_string_pretty(&preview)?)?;
    } else {
        say!("{}", text::describe(source, &preview))?;
    }
    Ok(if preview.works() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
