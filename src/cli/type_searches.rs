//! `quarry type`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::Utc;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use crate::load_test::plan::UserProfile;
use crate::load_test::{LoadTestConfig, LoadTestStage, MAX_BATCH, run as type_searches, session_prefix};

/// What a command returns that cannot do what it is told, as with other mistakes on the command line.
const EXIT_USAGE: u8 = 2;
/// A user id is the prefix and a little more, and must fit into 128 characters.
const MAX_PREFIX: usize = 80;
/// Plain lines come at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Type against running servers as users do, and check what they stored

Simulated users type searches: plainly, with typos and backspaces, pasting, clearing, in two tabs, logging in
half-way, over a network that repeats and reorders. What must be stored comes from what each of them means to
search for, by the rules of what a search is. When all is typed, the log is read back and compared: what is
missing, what is there beyond that, which half-words were taken for searches.

Two runs with one seed type the same. Keystrokes that a server refuses are sent again with the same sequence
until --patience ends, so a server may be killed or its Redis stopped in mid-run; where keystrokes had to wait
for as long as the window, two searches in place of one are right and counted apart.

Ends with 0 if exactly the expected searches are stored, with 1 on any difference, and with 2 if it cannot
begin.";

#[derive(Debug, Args)]
pub(super) struct TypeArgs {
    /// A server; give it several times to spread requests over several servers
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8000", value_parser = parse_url)]
    urls: Vec<Url>,
    /// An API key with the scopes SEARCH and REPORTS, where the servers ask for one
    #[arg(long)]
    key: Option<String>,
    /// How many searches to make, all people together: as many rows are expected
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = parse_count)]
    searches: usize,
    /// Typing speed in words a minute (five keystrokes each); 0 is as fast as the server answers
    #[arg(long, value_name = "WPM", default_value_t = 60.0, value_parser = parse_speed)]
    speed: f64,
    /// How many people type at a time
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = parse_count)]
    concurrency: usize,
    /// The share of searches with a mistake that is corrected, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.2, value_parser = parse_share)]
    typo_rate: f64,
    /// The share of searches that end with backspaces, 0 to 1: then left so, or submitted so
    #[arg(long, value_name = "R", default_value_t = 0.15, value_parser = parse_share)]
    backspace_rate: f64,
    /// The share of people who are not logged in when they begin, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.5, value_parser = parse_share)]
    anonymous_share: f64,
    /// The share of keystrokes that go with a search, through search(track:), 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = parse_share)]
    track_share: f64,
    /// The share of keystrokes that arrive twice or out of order, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.05, value_parser = parse_share)]
    jitter_rate: f64,
    /// The share of people whose client sends no sequence (theirs arrive once and in order), 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = parse_share)]
    unsequenced_share: f64,
    /// Keystrokes in one request, at most 100; more than one go through logKeystrokes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_batch)]
    batch: usize,
    /// The server's window: a pause of this length ends a search
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_window)]
    window: Duration,
    /// How long a refused keystroke is sent again, and how long to wait for the log beyond the window
    #[arg(long = "patience", value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    retry_timeout: Duration,
    /// Two runs with one seed type the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What session and user ids begin with [default: made of seed and time, so that runs do not mix]
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
    println!(
        "{} searches by users whose session ids begin with {}-, seed {}",
        profile.searches, profile.prefix, profile.seed
    );
    let display = TypingDisplay::new(profile.searches);
    let outcome = type_searches(&config, &|stage| display.show(stage)).await;
    display.finish();
    match outcome {
        Ok(outcome) => {
            println!("{outcome}");
            Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(EXIT_USAGE))
        }
    }
}

/// Shows how far it is: a bar on a terminal, plain lines elsewhere.
enum TypingDisplay {
    Bar(ProgressBar),
    Lines { last: Mutex<Option<Instant>>, searches: usize },
}

impl TypingDisplay {
    fn new(searches: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { last: Mutex::default(), searches };
        }
        let style = ProgressStyle::with_template("{bar:32.cyan/dim} {human_pos:>7}/{human_len:7} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─");
        Self::Bar(ProgressBar::new(searches as u64).with_style(style))
    }

    fn show(&self, stage: LoadTestStage) {
        match self {
            Self::Bar(bar) => {
                if let LoadTestStage::Typing { searches } = stage {
                    bar.set_position(searches as u64);
                }
                bar.set_message(line(stage));
            }
            Self::Lines { last, searches } => {
                let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let is_due = last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL);
                let is_end = matches!(stage, LoadTestStage::Typing { searches: typed } if typed == *searches);
                if is_due || is_end || stage == LoadTestStage::Settling {
                    *last = Some(Instant::now());
                    eprintln!("{}", line(stage));
                }
            }
        }
    }

    fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn line(stage: LoadTestStage) -> String {
    match stage {
        LoadTestStage::Typing { searches } => format!("{searches} searches typed"),
        LoadTestStage::Waiting { missing } => format!("waiting for {missing} rows in the log"),
        LoadTestStage::Settling => "all are in the log; one more look for what comes late".to_owned(),
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}: it looks like http://127.0.0.1:8000"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("only http and https are spoken: it looks like http://127.0.0.1:8000".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "it is a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("it is a number from 0 to 1".to_owned()) }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it is a number of words a minute".to_owned())?;
    if speed.is_finite() && speed >= 0.0 { Ok(speed) } else { Err("it is 0 or more".to_owned()) }
}

fn parse_window(text: &str) -> Result<Duration, String> {
    let window = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if window.is_zero() { Err("it is longer than nothing, like 5s".to_owned()) } else { Ok(window) }
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "it is a number from 1".to_owned())
}

fn parse_batch(text: &str) -> Result<usize, String> {
    let problem = || format!("it is a number from 1 to {MAX_BATCH}");
    text.parse().ok().filter(|batch| (1..=MAX_BATCH).contains(batch)).ok_or_else(problem)
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    if text.is_empty() || text.len() > MAX_PREFIX || !text.chars().all(is_plain) {
        return Err(format!("it is 1 to {MAX_PREFIX} letters, digits, hyphens, underscores or dots"));
    }
    Ok(text.to_owned())
}
