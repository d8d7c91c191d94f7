//! Progress displays: bars on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::note_line;
use crate::crawl::{Progress, StepOutcome};
use crate::domain::{Crawl, CrawlState, SourceName};

/// The shortest interval between plain lines.
pub(super) const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// The progress display of crawls.
pub(super) enum CrawlDisplay {
    /// One bar per source.
    Bars { all: MultiProgress, bars: Mutex<HashMap<SourceName, ProgressBar>> },
    /// Plain lines.
    Lines { last: Mutex<HashMap<SourceName, Instant>> },
}

impl CrawlDisplay {
    /// Selects bars if stderr is a terminal.
    pub(super) fn new() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars { all: MultiProgress::new(), bars: Mutex::default() }
        } else {
            Self::Lines { last: Mutex::default() }
        }
    }
}

impl Progress for CrawlDisplay {
    fn report(&self, source: &SourceName, outcome: &StepOutcome) {
        match self {
            Self::Bars { all, bars } => {
                let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
                let bar = bars.entry(source.clone()).or_insert_with(|| all.add(new_bar(source)));
                draw(bar, outcome);
            }
            Self::Lines { last } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if let StepOutcome::PageStored { sweep_ended: false, .. } = outcome {
                    let now = Instant::now();
                    if last.get(source).is_some_and(|last| now - *last < LINE_INTERVAL) {
                        return;
                    }
                    last.insert(source.clone(), now);
                }
                note_line!("{source}: {}", line(outcome));
            }
        }
    }
}

/// A spinner for work of unknown length.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

/// The progress display of work of known length.
pub(super) enum ProgressDisplay {
    /// A bar.
    Bar(ProgressBar),
    /// Plain lines.
    Lines { last: Mutex<Option<Instant>>, interval: Duration },
}

impl ProgressDisplay {
    /// Selects a bar if stderr is a terminal, or else lines at an interval.
    pub(super) fn new(template: &str, interval: Duration) -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bar(bar(template))
        } else {
            Self::Lines { last: Mutex::default(), interval }
        }
    }

    /// Updates the bar, or prints a line if one is due or required.
    pub(super) fn show(
        &self,
        is_required: bool,
        update: impl FnOnce(&ProgressBar),
        line: impl FnOnce() -> String,
    ) {
        match self {
            Self::Bar(bar) => update(bar),
            Self::Lines { last, interval } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if is_required || last.is_none_or(|last| last.elapsed() >= *interval) {
                    *last = Some(Instant::now());
                    note_line!("{}", line());
                }
            }
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn bar(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("━╸─"))
}

fn new_bar(source: &SourceName) -> ProgressBar {
    bar("{prefix:>12.bold} {bar:32.cyan/dim} {human_pos:>7}/{human_len:7} {msg}")
        .with_prefix(source.to_string())
}

fn draw(bar: &ProgressBar, outcome: &StepOutcome) {
    match outcome {
        StepOutcome::Started { crawl, .. }
        | StepOutcome::PageStored { crawl, .. }
        | StepOutcome::AttemptFailed { crawl, .. } => set_counts(bar, crawl),
        _ => {}
    }
    if let StepOutcome::Finished { crawl, .. } = outcome {
        set_counts(bar, crawl);
        bar.finish_with_message(format!(
            "{} · {} pages, {} requests",
            crawl.state.as_str(),
            crawl.pages_fetched,
            crawl.attempts
        ));
    } else {
        bar.set_message(line(outcome));
    }
}

fn set_counts(bar: &ProgressBar, crawl: &Crawl) {
    bar.set_length(count(crawl.expected_total.unwrap_or(crawl.documents_seen)));
    bar.set_position(count(crawl.documents_seen));
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn line(outcome: &StepOutcome) -> String {
    match outcome {
        StepOutcome::Held { wait, .. } => {
            format!("another process crawls this source; checking again in {}", seconds(*wait))
        }
        StepOutcome::StoreUnavailable { wait, .. } => {
            format!("the database is unavailable; retrying in {}", seconds(*wait))
        }
        StepOutcome::Started { crawl, resumed: true } => {
            format!("crawl {} resumes after page {}", crawl.id.0, crawl.pages_fetched)
        }
        StepOutcome::Started { crawl, .. } => format!("crawl {} begins", crawl.id.0),
        StepOutcome::PageStored { crawl, position, sweep, sweep_ended, .. } => {
            let end = if *sweep_ended { ", end of the sweep" } else { "" };
            format!("page {} of sweep {sweep}, {}{end}", position.0 + 1, seen(crawl))
        }
        StepOutcome::AttemptFailed { position, cause, wait, .. } => {
            format!("page {}: {cause}; again in {}", position.0 + 1, seconds(*wait))
        }
        StepOutcome::Finished { crawl, .. } => format!("crawl {} {}", crawl.id.0, crawl.state.as_str()),
    }
}

fn seen(crawl: &Crawl) -> String {
    match crawl.expected_total {
        Some(total) => format!("{} of {total} documents", crawl.documents_seen),
        None => format!("{} documents", crawl.documents_seen),
    }
}

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

/// The summary of a finished crawl.
pub(super) fn summary(crawl: &Crawl) -> String {
    let mut text = format!(
        "{}: crawl {} {}\n  {} in {} pages, {} requests\n  {} inserted, {} updated, {} unchanged, {} deleted",
        crawl.source,
        crawl.id.0,
        crawl.state.as_str(),
        seen(crawl),
        crawl.pages_fetched,
        crawl.attempts,
        crawl.inserted,
        crawl.updated,
        crawl.unchanged,
        crawl.deleted,
    );
    if crawl.rejected > 0 {
        text += &format!("\n  {} items were rejected", crawl.rejected);
    }
    if let Some(error) = &crawl.error {
        let mark = if crawl.state == CrawlState::Completed { "note" } else { "error" };
        text += &format!("\n  {mark}: {error}");
    }
    text
}
