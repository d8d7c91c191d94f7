//! Statistics of the served requests, and their printed table.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::Fault;

/// The statistics of a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectionStats {
    /// Items in complete pages, repetitions included.
    pub items: u64,
    /// Distinct items by their JSON text.
    pub distinct: u64,
    /// The current number of items in the collection.
    pub size: u64,
}

/// The statistics of a simulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatorStats {
    /// Received requests.
    pub requests: u64,
    /// Requests without a status, after a disconnect or a shutdown.
    pub unanswered: u64,
    /// Responses by status; a reset response counts with the status that it began with.
    pub statuses: BTreeMap<u16, u64>,
    /// Faults by [`Fault::name`](super::Fault::name).
    pub faults: BTreeMap<&'static str, u64>,
    /// Statistics by collection.
    pub collections: BTreeMap<String, CollectionStats>,
}

impl SimulatorStats {
    /// Redirects to the path with a final slash.
    pub fn redirects(&self) -> u64 {
        self.statuses.get(&307).copied().unwrap_or_default()
    }

    /// The number of faults of a name.
    pub fn fault(&self, name: &str) -> u64 {
        self.faults.get(name).copied().unwrap_or_default()
    }
}

/// The width of the label column, for the longest name of a fault.
const LABEL_WIDTH: usize = 30;

impl fmt::Display for SimulatorStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, label: &str, number: u64| {
            writeln!(f, "  {label:<LABEL_WIDTH$} {:>13}", grouped(number))
        };
        writeln!(f, "requests {:>37}", grouped(self.requests))?;
        for (status, answers) in &self.statuses {
            row(f, &status.to_string(), *answers)?;
        }
        if self.unanswered > 0 {
            row(f, "no answer", self.unanswered)?;
        }
        writeln!(f, "faults {:>39}", grouped(self.faults.values().sum()))?;
        for (name, times) in &self.faults {
            row(f, name, *times)?;
        }
        write!(f, "items")?;
        for (name, stats) in &self.collections {
            let (items, distinct) = (grouped(stats.items), grouped(stats.distinct));
            write!(f, "\n  {name:<16} {items} served, {distinct} distinct of {}", grouped(stats.size))?;
        }
        Ok(())
    }
}

/// Formats a number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Records statistics of concurrent requests.
#[derive(Debug, Default)]
pub(super) struct StatsRecorder(Mutex<StatsState>);

#[derive(Debug, Default)]
struct StatsState {
    stats: SimulatorStats,
    answered: u64,
    seen: BTreeMap<String, HashSet<u64>>,
}

impl StatsRecorder {
    pub(super) fn record_request(&self) {
        self.state().stats.requests += 1;
    }

    pub(super) fn record_response(&self, status: u16) {
        let mut state = self.state();
        state.answered += 1;
        *state.stats.statuses.entry(status).or_default() += 1;
    }

    pub(super) fn record_fault_name(&self, name: &'static str) {
        *self.state().stats.faults.entry(name).or_default() += 1;
    }

    /// Counts an injected fault.
    pub(super) fn record_fault(&self, fault: Fault) {
        if let Some(name) = fault.name() {
            self.record_fault_name(name);
        }
    }

    /// Counts the items of a page by their digests.
    pub(super) fn record_items(&self, collection: &str, digests: impl ExactSizeIterator<Item = u64>) {
        let mut state = self.state();
        let stats = state.stats.collections.entry(collection.to_owned()).or_default();
        stats.items += digests.len() as u64;
        state.seen.entry(collection.to_owned()).or_default().extend(digests);
    }

    /// The statistics so far, with the current sizes of the collections.
    pub(super) fn stats(&self, sizes: impl Iterator<Item = (String, usize)>) -> SimulatorStats {
        let state = self.state();
        let mut stats = state.stats.clone();
        stats.unanswered = stats.requests - state.answered;
        for (name, size) in sizes {
            let distinct = state.seen.get(&name).map_or(0, HashSet::len);
            let collection = stats.collections.entry(name).or_default();
            collection.distinct = distinct as u64;
            collection.size = size as u64;
        }
        stats
    }

    /// Ignores poisoning: after a panic, the statistics are still worth printing.
    fn state(&self) -> MutexGuard<'_, StatsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
