//! `quarry type`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chrono::Utc;
use clap::Args;
use indicatif::ProgressBar;
use url::Url;

use super::output::{note_line, say_line};
use super::progress::ProgressDisplay;
use crate::load_test::plan::UserProfile;
use crate::load_test::{LoadTestConfig, LoadTestStage, MAX_BATCH, run as type_searches, session_prefix};

/// The exit code of invalid arguments and unusable servers, as in clap.
const EXIT_USAGE: u8 = 2;
/// The longest prefix, which leaves room for a suffix in ids of 128 characters.
const MAX_PREFIX_CHARS: usize = 80;
/// The interval of progress lines without a terminal.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// The introduction of `--help`.
pub(super) const ABOUT: &str = "\
Load-test running servers with virtual users who type, and verify the search log

Virtual users type searches: letter by letter, with typos and backspaces, pasting, clearing, in two tabs, logging
in during a search, with pauses, through input methods, dictation and completions, requesting further pages, over a
network that duplicates and reorders keystrokes. The expected rows come from the queries
that they intend, by the specification of a search. After the last keystroke, the search log is read and compared:
missing rows, extra rows, and half-words logged as searches.

Runs with the same seed type the same. Keystrokes that a server rejects are retried with the same sequence until
--patience ends, so a server may be killed or its Redis stopped during the run; where keystrokes were delayed by
the window or longer, two searches in place of one are correct and counted apart.

Exits with 0 if exactly the expected searches are stored, with 1 on any difference, and with 2 if it cannot
start.";

#[derive(Debug, Args)]
pub(super) struct TypeArgs {
    /// A server; repeat the option to distribute requests over several servers
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8000", value_parser = parse_url)]
    urls: Vec<Url>,
    /// An API key with the scopes SEARCH and REPORTS, if the servers require one
    #[arg(long)]
    key: Option<String>,
    /// The total number of searches, and of expected rows
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = super::parse_count)]
    searches: usize,
    /// The typing speed in words of five keystrokes a minute; 0 for no think time
    #[arg(long, value_name = "WPM", default_value_t = 60.0, value_parser = parse_speed)]
    speed: f64,
    /// The number of concurrent virtual users
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = super::parse_count)]
    concurrency: usize,
    /// The share of searches with a corrected typo, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.2, value_parser = parse_share)]
    typo_rate: f64,
    /// The share of searches that end with backspaces, idle or submitted, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.15, value_parser = parse_share)]
    backspace_rate: f64,
    /// The share of virtual users who are not logged in at the start, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.5, value_parser = parse_share)]
    anonymous_share: f64,
    /// The share of keystrokes sent through search(track:), 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = parse_share)]
    track_share: f64,
    /// The share of keystrokes that arrive twice or out of order, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.05, value_parser = parse_share)]
    jitter_rate: f64,
    /// The share of searches with pauses of the window, while typed and before they are erased, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = parse_share)]
    pause_rate: f64,
    /// The share of searches through input methods, dictation and completions, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = parse_share)]
    composed_rate: f64,
    /// The share of submitted searches whose next pages and other orders are requested, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = parse_share)]
    paging_rate: f64,
    /// The share of virtual users without sequence (their keystrokes arrive once and in order), 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = parse_share)]
    unsequenced_share: f64,
    /// Keystrokes in one request, at most 100; more than one through logKeystrokes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_batch)]
    batch: usize,
    /// The window of the server: a pause of this length ends a search
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_window)]
    window: Duration,
    /// The time limit of a rejected keystroke's retries, and of the log's delay beyond the window
    #[arg(long = "patience", value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    retry_timeout: Duration,
    /// The seed of the plans: runs with the same seed type the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The prefix of session and user ids [default: derived from seed and time, so that runs stay separate]
    #[arg(long, value_name = "TEXT", value_parser = parse_prefix)]
    session_prefix: Option<String>,
}

impl TypeArgs {
    fn config(self) -> LoadTestConfig {
        let profile = UserProfile {
            seed: self.seed,
            prefix: self.session_prefix.unwrap_or_else(|| session_prefix(self.seed, Utc::now())),
            searches: self.searches,
            typo_rate: self.typo_rate,
            backspace_rate: self.backspace_rate,
            anonymous_share: self.anonymous_share,
            track_share: self.track_share,
            jitter_rate: self.jitter_rate,
            pause_rate: self.pause_rate,
            composed_rate: self.composed_rate,
            paging_rate: self.paging_rate,
            unsequenced_share: self.unsequenced_share,
        };
        LoadTestConfig {
            servers: self.urls,
            key: self.key,
            profile,
            words_per_minute: self.speed,
            concurrency: self.concurrency,
            batch: self.batch,
            window: self.window,
            retry_timeout: self.retry_timeout,
        }
    }
}

pub(super) async fn run(args: TypeArgs) -> Result<ExitCode> {
    let config = args.config();
    let profile = &config.profile;
    say_line!(
        "{} searches by virtual users with the session prefix {}-, seed {}",
        profile.searches,
        profile.prefix,
        profile.seed
    )?;
    let display =
        ProgressDisplay::new("{bar:32.cyan/dim} {human_pos:>7}/{human_len:7} {msg}", PROGRESS_INTERVAL);
    let outcome = type_searches(&config, &|stage| show(&display, stage, profile.searches)).await;
    display.finish();
    match outcome {
        Ok(outcome) => {
            say_line!("{outcome}")?;
            Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            note_line!("error: {error}");
            Ok(ExitCode::from(EXIT_USAGE))
        }
    }
}

/// Shows a stage; lines without a terminal are due at an interval, at the end, and on settling.
fn show(display: &ProgressDisplay, stage: LoadTestStage, searches: usize) {
    let typed = match stage {
        LoadTestStage::Typing { searches } => Some(searches),
        _ => None,
    };
    let is_required = typed == Some(searches) || stage == LoadTestStage::Settling;
    let update = |bar: &ProgressBar| {
        bar.set_length(searches as u64);
        if let Some(typed) = typed {
            bar.set_position(typed as u64);
        }
        bar.set_message(line(stage));
    };
    display.show(is_required, update, || line(stage));
}

fn line(stage: LoadTestStage) -> String {
    match stage {
        LoadTestStage::Typing { searches } => format!("{searches} searches typed"),
        LoadTestStage::Waiting { missing } => format!("waiting for {missing} rows in the search log"),
        LoadTestStage::Settling => "all rows are logged; waiting for late ones".to_owned(),
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|error| format!("{error}; use a URL such as http://127.0.0.1:8000"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("the scheme is neither http nor https; use a URL such as http://127.0.0.1:8000".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let problem = || "the share must be a number from 0 to 1".to_owned();
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(problem)
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "the speed must be a number of words a minute".to_owned())?;
    if speed.is_finite() && speed >= 0.0 { Ok(speed) } else { Err("the speed must be 0 or more".to_owned()) }
}

fn parse_window(text: &str) -> Result<Duration, String> {
    let window = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if window.is_zero() {
        Err("the window must be longer than nothing, such as 5s".to_owned())
    } else {
        Ok(window)
    }
}

fn parse_batch(text: &str) -> Result<usize, String> {
    let problem = || format!("the batch must be a number from 1 to {MAX_BATCH}");
    text.parse().ok().filter(|batch| (1..=MAX_BATCH).contains(batch)).ok_or_else(problem)
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    if text.is_empty() || text.len() > MAX_PREFIX_CHARS || !text.chars().all(is_plain) {
        return Err(format!(
            "the prefix must be 1 to {MAX_PREFIX_CHARS} letters, digits, hyphens, underscores or dots"
        ));
    }
    Ok(text.to_owned())
}
