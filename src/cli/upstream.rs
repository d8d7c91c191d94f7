//! `quarry upstream`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use futures_util::StreamExt as _;

use super::listen;
use super::output::say_line;
use crate::simulator::{Collection, FaultProfile, Simulator, synthetic};
use crate::supervisor::stop_signals;

/// The number of synthetic items without a file, as many as a real upstream has.
const SYNTHETIC_ITEMS: usize = 3_349;

#[derive(Debug, Args)]
pub(super) struct UpstreamArgs {
    /// A JSON array of objects to serve [default: synthetic messages]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The address to serve on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// The severity of the faults
    #[arg(long, value_enum, default_value_t = FaultProfile::None)]
    faults: FaultProfile,
    /// The seed of the faults: runs with the same seed have the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(args: UpstreamArgs) -> Result<ExitCode> {
    let messages = match &args.file {
        Some(file) => Collection::from_file("messages", file)?,
        None => Collection::from_values("messages", synthetic::messages(SYNTHETIC_ITEMS, args.seed))?,
    };
    let listener = listen(args.listen).await?;
    let address = listener.local_addr()?;
    say_line!("{} items, faults {}, seed {}", messages.len(), args.faults, args.seed)?;
    say_line!("by offset  http://{address}/messages/?skip=0&limit=100")?;
    say_line!("by page    http://{address}/messages/page/?page=1&size=100")?;
    say_line!("by cursor  http://{address}/messages/cursor/?limit=100")?;
    say_line!("by link    http://{address}/messages/link/?page=1&per_page=100")?;
    let mut signals = Box::pin(stop_signals()?);
    let stats = Simulator::new([messages], args.faults, args.seed)
        .serve(listener, async move {
            signals.next().await;
        })
        .await;
    say_line!("\n{stats}")?;
    Ok(ExitCode::SUCCESS)
}
