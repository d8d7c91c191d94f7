//! The printed report of a load test.

use std::fmt;
use std::time::Duration;

use super::{
    Comparison, Difference, DifferenceKind, LatencyHistogram, LoadTestMetrics, LoadTestOutcome, Verification,
};

/// The most differences listed one by one.
const MAX_LISTED: usize = 20;

impl fmt::Display for LoadTestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verification {
            Verification::Compared(comparison) => {
                list(f, &comparison.differences)?;
                write_searches(f, comparison)?;
            }
            Verification::Aborted(reason) => writeln!(f, "Stopped before the comparison: {reason}\n")?,
            Verification::LogUnreadable(reason) => {
                writeln!(f, "The search log could not be read: {reason}\n")?
            }
        }
        write_keystrokes(f, &self.metrics, self.typing)?;
        write_latencies(f, &self.metrics)?;
        write_errors(f, &self.metrics)?;
        f.write_str(match (&self.verification, self.is_clean()) {
            (Verification::Compared(_), true) => "Every search is stored exactly once, as intended.",
            (Verification::Compared(_), false) => "The stored searches differ from the typed ones.",
            _ => "The stored searches were not compared.",
        })
    }
}

fn list(f: &mut fmt::Formatter<'_>, differences: &[Difference]) -> fmt::Result {
    for difference in differences.iter().take(MAX_LISTED) {
        let Difference { session, query, .. } = difference;
        writeln!(f, "{:<12} {session}  {query:?}", name(difference.kind))?;
    }
    match differences.len().saturating_sub(MAX_LISTED) {
        0 if differences.is_empty() => Ok(()),
        0 => writeln!(f),
        more => writeln!(f, "… and {more} more\n"),
    }
}

fn name(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::HalfWord => "half-word",
        DifferenceKind::Extra => "extra",
        DifferenceKind::User => "wrong user",
        DifferenceKind::Count => "wrong count",
    }
}

fn write_searches(f: &mut fmt::Formatter<'_>, comparison: &Comparison) -> fmt::Result {
    row(
        f,
        "searches",
        &["expected", "stored", "missing", "extra", "half-words", "wrong user", "wrong count"],
    )?;
    let numbers = [
        comparison.expected,
        comparison.stored,
        comparison.count(DifferenceKind::Missing),
        comparison.extra(),
        comparison.count(DifferenceKind::HalfWord),
        comparison.count(DifferenceKind::User),
        comparison.count(DifferenceKind::Count),
    ];
    row(f, "", &numbers.map(|number| number.to_string()))?;
    if comparison.split > 0 {
        let split = comparison.split;
        writeln!(f, "  {split} more stored, rightly: delivery was delayed by the window or longer")?;
    }
    writeln!(f)
}

fn write_keystrokes(f: &mut fmt::Formatter<'_>, metrics: &LoadTestMetrics, typing: Duration) -> fmt::Result {
    row(
        f,
        "keystrokes",
        &["accepted", "twice/late", "retries", "dropped", "unaccepted", "seconds", "per second"],
    )?;
    let seconds = typing.as_secs_f64();
    let numbers =
        [metrics.accepted, metrics.out_of_turn, metrics.retried, metrics.dropped, metrics.unaccepted];
    let mut cells = numbers.map(|number| number.to_string()).to_vec();
    cells.push(format!("{seconds:.1}"));
    cells.push(format!("{:.0}", metrics.accepted as f64 / seconds.max(f64::EPSILON)));
    row(f, "", &cells)?;
    writeln!(f)
}

fn write_latencies(f: &mut fmt::Formatter<'_>, metrics: &LoadTestMetrics) -> fmt::Result {
    row(f, "latency in ms", &["requests", "p50", "p90", "p99", "max"])?;
    for (name, latencies) in [("mutation", &metrics.mutations), ("search(track:)", &metrics.searches)] {
        if latencies.count() > 0 {
            let mut cells = vec![latencies.count().to_string()];
            cells.extend([0.5, 0.9, 0.99, 1.0].map(|share| milliseconds(latencies, share)));
            row(f, name, &cells)?;
        }
    }
    writeln!(f)
}

fn milliseconds(latencies: &LatencyHistogram, share: f64) -> String {
    format!("{:.2}", latencies.quantile(share).as_secs_f64() * 1e3)
}

fn write_errors(f: &mut fmt::Formatter<'_>, metrics: &LoadTestMetrics) -> fmt::Result {
    if metrics.errors.is_empty() {
        return writeln!(f, "No request failed.");
    }
    writeln!(f, "{:<24}{:>11}{:>12}", "failed requests", "times", "longest ms")?;
    for (code, (times, longest)) in &metrics.errors {
        writeln!(f, "  {code:<22}{times:>11}{:>12.1}", longest.as_secs_f64() * 1e3)?;
    }
    writeln!(f)
}

/// Writes a row of a table.
fn row(f: &mut fmt::Formatter<'_>, name: &str, cells: &[impl AsRef<str>]) -> fmt::Result {
    write!(f, "{name:<15}")?;
    for cell in cells {
        write!(f, "{:>12}", cell.as_ref())?;
    }
    writeln!(f)
}
