//! What was served, and its printed table.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::Fault;

/// What was served of one collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectionStats {
    /// Items in whole pages, repeated ones each time.
    pub items: u64,
    /// Distinct items among them; items with the same JSON text count as one.
    pub distinct: u64,
    /// Items that the collection has now.
    pub size: u64,
}

/// What a simulator has served so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatorStats {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that ended without a status, because the client went away or the simulator was stopped.
    pub unanswered: u64,
    /// Answers by their status; an answer that was reset in its body has the status it began with.
    pub statuses: BTreeMap<u16, u64>,
    /// What went wrong, by its name; see [`Fault::name`](super::Fault::name).
    pub faults: BTreeMap<&'static str, u64>,
    /// Items, by collection.
    pub collections: BTreeMap<String, CollectionStats>,
}

impl SimulatorStats {
    /// Answers that sent the client to the address with the slash.
    pub fn redirects(&self) -> u64 {
        self.statuses.get(&307).copied().unwrap_or_default()
    }

    /// How often a fault of this name was met.
    pub fn fault(&self, name: &str) -> u64 {
        self.faults.get(name).copied().unwrap_or_default()
    }
}

/// The widest label of the table is a fault's name.
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

/// Digits in groups of three.
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

/// The running count.
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

    /// Counts a fault of a plan that was carried out.
    pub(super) fn record_fault(&self, fault: Fault) {
        if let Some(name) = fault.name() {
            self.record_fault_name(name);
        }
    }

    /// Counts the items of a page, by what tells them apart.
    pub(super) fn record_items(&self, collection: &str, digests: impl ExactSizeIterator<Item = u64>) {
        let mut state = self.state();
        let stats = state.stats.collections.entry(collection.to_owned()).or_default();
        stats.items += digests.len() as u64;
        state.seen.entry(collection.to_owned()).or_default().extend(digests);
    }

    /// What was served so far, of collections of these sizes.
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

    /// A panic while counting leaves numbers that are still worth printing.
    fn state(&self) -> MutexGuard<'_, StatsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
