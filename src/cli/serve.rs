//! `quarry serve`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio::net::TcpListener;

use super::output::say_line;
use super::{SettingsArgs, finish_traces, listen, start_telemetry};
use crate::app::Server;
use crate::config::Settings;
use crate::supervisor::{reload_signals, stop_signals};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The address to serve on [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

pub(super) async fn run(args: ServeArgs) -> Result<ExitCode> {
    let overrides = args.settings.overrides(args.listen);
    let settings = Settings::load(&overrides)?;
    let traces = start_telemetry(&settings)?;
    // From here on, SIGHUP reloads the settings instead of ending the process.
    let reload = reload_signals()?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr()?;
    for warning in settings.warnings(address) {
        tracing::warn!("{warning}");
    }
    let metrics = match settings.server.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
    let mut server = Server::open(settings).await?;
    server.reload_at(address, reload, move || Settings::load(&overrides));
    say_line!("GraphQL   http://{address}/graphql")?;
    if let Some(path) = server.console() {
        say_line!("Console   http://{address}{path}")?;
    }
    if let Some(path) = server.explorer() {
        say_line!("GraphiQL  http://{address}{path}")?;
    }
    if let Some(address) = metrics_address {
        say_line!("Metrics   http://{address}/metrics")?;
    }
    let ready = || tracing::info!("index is in sync with the store");
    let ended = server.run(listener, metrics, ready, stop_signals()?).await;
    finish_traces(traces).await;
    ended?;
    Ok(ExitCode::SUCCESS)
}
