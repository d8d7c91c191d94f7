//! `quarry reindex`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use super::output::say_line;
use super::{SettingsArgs, start_log};
use crate::app::reindex;

pub(super) async fn run(settings: &SettingsArgs) -> Result<ExitCode> {
    let settings = settings.load()?;
    start_log(&settings)?;
    let started = Instant::now();
    let bar = super::progress::spinner("indexing");
    let documents =
        reindex(&settings, |applied| bar.set_message(format!("indexing: revision {applied}"))).await?;
    bar.finish_and_clear();
    say_line!("indexed {documents} documents in {:.1} s", started.elapsed().as_secs_f64())?;
    Ok(ExitCode::SUCCESS)
}
