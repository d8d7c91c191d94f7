//! `quarry serve`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{SettingsArgs, listen, start_log};
use crate::app::Server;
use crate::supervisor::stop_signals;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The address to serve on [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

pub(super) async fn run(settings: &SettingsArgs, args: ServeArgs) -> Result<ExitCode> {
    let settings = settings.load(args.listen)?;
    start_log(&settings)?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr()?;
    let server = Server::open(settings).await?;
    println!("GraphQL   http://{address}/graphql");
    println!("GraphiQL  http://{address}/graphiql");
    server.run(listener, || tracing::info!("index is in step with the store"), stop_signals()?).await?;
    Ok(ExitCode::SUCCESS)
}
