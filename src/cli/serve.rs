//! `quarry serve`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{SettingsArgs, listen, start_log};
use crate::app::Server;
use crate::config::Settings;
use crate::supervisor::{reload_signals, stop_signals};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The address to serve on [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

pub(super) async fn run(args: &SettingsArgs, serve: ServeArgs) -> Result<ExitCode> {
    let overrides = args.overrides(serve.listen);
    let settings = Settings::load(&overrides)?;
    start_log(&settings)?;
    // From here on SIGHUP does not end the process.
    let reload = reload_signals()?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr()?;
    let mut server = Server::open(settings).await?;
    server.reload_at(reload, move || Settings::load(&overrides));
    println!("GraphQL   http://{address}/graphql");
    if let Some(path) = server.explorer() {
        println!("GraphiQL  http://{address}{path}");
    }
    server.run(listener, || tracing::info!("index is in step with the store"), stop_signals()?).await?;
    Ok(ExitCode::SUCCESS)
}
