//! The command line: one module per command; this one parses and dispatches.
#![deny(clippy::print_stderr)]

mod confirm;
mod crawl;
mod demo;
mod export;
mod key;
mod migrate;
mod output;
mod progress;
mod reindex;
mod rules;
mod seed;
mod serve;
mod sources;
mod try_source;
mod type_searches;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use self::output::{note_line, say};
use crate::config::{LogFormat, Overrides, Settings, SourceConfig};
use crate::supervisor::stop_signals;
use crate::telemetry::{TraceOptions, Traces};
use crate::{graphql, permissions, telemetry};

/// The timeout for the last traces at the end of a command.
const LAST_TRACES: Duration = Duration::from_secs(2);
/// The heading in `--help` for options that are settings.
const HEADING: &str = "Settings";
/// The exit code after an interrupt, by the convention of shells.
const INTERRUPTED: u8 = 130;

/// Crawls an unreliable JSON API, makes it searchable, and serves it as GraphQL.
#[derive(Debug, Parser)]
#[command(name = "quarry", version, propagate_version = true, mut_args(|arg| arg.global(false)))]
struct Cli {
    /// Settings, which may precede the command.
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    command: Command,
}

/// Settings that the command line overrides.
#[derive(Clone, Debug, Default, PartialEq, Args)]
struct SettingsArgs {
    /// The settings file [default: quarry.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    config: Option<PathBuf>,
    /// The folder of the index and of the embedded database
    #[arg(long, global = true, value_name = "FOLDER", help_heading = HEADING)]
    data_dir: Option<String>,
    /// The database: sqlite://FILE, postgres://… or mysql://…
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING)]
    database_url: Option<String>,
    /// The log level: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", help_heading = HEADING)]
    log_level: Option<String>,
    /// Accept an empty database, or one that is not that of the data folder
    #[arg(long, global = true, help_heading = HEADING)]
    allow_new_database: bool,
}

impl SettingsArgs {
    /// Loads the settings of a command other than `serve`, which has a log for warnings.
    fn load(&self) -> Result<Settings> {
        let settings = Settings::load(&self.overrides(None))?;
        if let Some(warning) = settings.foreign_variables() {
            note_line!("warning: {warning}");
        }
        Ok(settings)
    }

    /// Adds the settings that precede the command; those after it take precedence.
    fn or(&mut self, others: Self) {
        let Self { config, data_dir, database_url, log_level, allow_new_database } = others;
        self.config = self.config.take().or(config);
        self.data_dir = self.data_dir.take().or(data_dir);
        self.database_url = self.database_url.take().or(database_url);
        self.log_level = self.log_level.take().or(log_level);
        self.allow_new_database |= allow_new_database;
    }

    fn overrides(&self, listen: Option<String>) -> Overrides {
        Overrides {
            config: self.config.clone(),
            listen,
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            log_level: self.log_level.clone(),
            allow_new_database: self.allow_new_database,
            allowed_origins: None,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a simulated unreliable upstream, a crawl, and a server; no services, no network
    Demo(demo::DemoArgs),
    /// Serve GraphQL, keep the index in sync with the store, and crawl the sources when due
    Serve(serve::ServeArgs),
    /// Crawl one configured source now
    Crawl(crawl::CrawlArgs),
    /// Fetch the first pages of a configured source and show what a crawl would find; stores nothing
    Try(try_source::TryArgs),
    /// List sources, propose one for an API, or remove one that is no longer configured
    Sources(sources::SourcesArgs),
    /// Rebuild the search index from the store (while no server uses the data folder)
    Reindex(SettingsArgs),
    /// Change or show the database's schema
    Migrate(migrate::MigrateArgs),
    /// Generate API keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Print the GraphQL schema
    Schema {
        /// Print the subgraph of Apollo Federation 2 (see the setting server.federation)
        #[arg(long)]
        federation: bool,
    },
    /// Print the resolved settings, secrets redacted
    Config(SettingsArgs),
    /// Write logged searches or interactions to the standard output, as CSV, JSON Lines or UBI
    Export(export::ExportArgs),
    /// Store or show synonyms, stop words and rules of searches
    Rules(rules::RulesArgs),
    /// Fill the database with a synthetic catalogue and a year of sales
    Seed(seed::SeedArgs),
    /// Serve a JSON file as an unreliable upstream
    Upstream(upstream::UpstreamArgs),
    /// Load-test running servers with virtual users who type, and verify the search log
    #[command(long_about = type_searches::ABOUT)]
    Type(type_searches::TypeArgs),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    if std::env::args_os().len() <= 1 {
        // Success without arguments, as in cargo and kubectl, even with a closed pipe.
        let _ = Cli::command().print_help();
        return ExitCode::SUCCESS;
    }
    let cli = Cli::parse();
    // Files contain typed text.
    permissions::restrict_new_files();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            note_line!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(dispatch(cli)).unwrap_or_else(|error| {
        note_line!("error: {error:#}");
        ExitCode::FAILURE
    });
    // Blocking work cannot be cancelled and must not delay the exit.
    runtime.shutdown_background();
    code
}

impl Command {
    /// The settings of the command, if it reads any.
    fn settings(&mut self) -> Option<&mut SettingsArgs> {
        match self {
            Self::Serve(args) => Some(&mut args.settings),
            Self::Crawl(args) => Some(&mut args.settings),
            Self::Sources(args) => Some(&mut args.settings),
            Self::Try(args) => Some(&mut args.settings),
            Self::Migrate(args) => Some(&mut args.settings),
            Self::Export(args) => Some(&mut args.settings),
            Self::Rules(args) => Some(&mut args.settings),
            Self::Seed(args) => Some(&mut args.settings),
            Self::Reindex(settings) | Self::Config(settings) => Some(settings),
            Self::Demo(_) | Self::Key(_) | Self::Schema { .. } | Self::Upstream(_) | Self::Type(_) => None,
        }
    }
}

async fn dispatch(Cli { settings: before, mut command }: Cli) -> Result<ExitCode> {
    match command.settings() {
        Some(settings) => settings.or(before),
        None if before == SettingsArgs::default() => {}
        None => {
            bail!("this command does not read settings, but some precede it: see its options by --help")
        }
    }
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Crawl(args) => crawl::run(args).await,
        Command::Sources(args) => sources::run(args).await,
        Command::Try(args) => try_source::run(args).await,
        Command::Reindex(settings) => reindex::run(&settings).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Key(command) => key::run(command),
        Command::Schema { federation } => {
            say!("{}", if federation { graphql::subgraph_sdl() } else { graphql::schema_sdl() })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(settings) => {
            say!("{}", settings.load()?.to_toml_redacted())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Export(args) => export::run(args).await,
        Command::Rules(args) => rules::run(args).await,
        Command::Seed(args) => seed::run(args).await,
        Command::Upstream(args) => upstream::run(args).await,
        Command::Type(args) => type_searches::run(args).await,
    }
}

/// Initialises the log from the settings.
fn start_log(settings: &Settings) -> Result<()> {
    start(settings, None).map(|_| ())
}

/// Initialises the log and traces from the settings.
fn start_telemetry(settings: &Settings) -> Result<Option<Traces>> {
    let own = &settings.telemetry;
    let options = own.otlp_endpoint.as_ref().map(|endpoint| TraceOptions {
        endpoint: endpoint.expose().to_owned(),
        sampling: own.sampling,
        service: own.service_name.clone(),
    });
    start(settings, options)
}

fn start(settings: &Settings, traces: Option<TraceOptions>) -> Result<Option<Traces>> {
    let format = match settings.log.format {
        LogFormat::Text => telemetry::EventFormat::Text,
        LogFormat::Json => telemetry::EventFormat::Json,
    };
    Ok(telemetry::init(&settings.log.level, format, traces.as_ref())?)
}

/// Flushes pending traces.
async fn finish_traces(traces: Option<Traces>) {
    if let Some(traces) = traces {
        traces.finish(LAST_TRACES).await;
    }
}

/// Returns a token that the first stop signal cancels.
fn cancel_on_signal() -> Result<CancellationToken> {
    let mut signals = Box::pin(stop_signals()?);
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        signals.next().await;
        cancel.cancel();
    });
    Ok(token)
}

/// Returns a configured source by name.
fn find_source<'s>(settings: &'s Settings, name: &str) -> Result<&'s SourceConfig> {
    if let Some(source) = settings.sources.crawled.iter().find(|source| source.name.as_str() == name) {
        return Ok(source);
    }
    let names: Vec<&str> = settings.sources.crawled.iter().map(|source| source.name.as_str()).collect();
    Err(if names.is_empty() {
        anyhow!(
            "no source is configured: describe one under [[sources]] in quarry.toml (see docs/sources.md)"
        )
    } else {
        anyhow!("no source is called {name:?}: configured are {}", names.join(", "))
    })
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "the number must be 1 or more".to_owned())
}

/// Listens on the configured address.
async fn listen(address: std::net::SocketAddr) -> Result<tokio::net::TcpListener> {
    match tokio::net::TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{address} is in use: stop the process that listens there, or set another address (--listen, or the setting)"
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}
