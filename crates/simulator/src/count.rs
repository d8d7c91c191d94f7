//! What was served, and its printed table.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::Fault;

/// What was served of one collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServedItems {
    /// Items in whole pages, repeated ones each time.
    pub items: u64,
    /// Distinct items among them; items with the same JSON text count as one.
    pub distinct: u64,
    /// Items that the collection has now.
    pub size: u64,
}

/// What a simulator has served so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that ended without a status, because the client went away or the simulator was stopped.
    pub unanswered: u64,
    /// Answers by their status; an answer that was reset in its body has the status it began with.
    pub statuses: BTreeMap<u16, u64>,
    /// What went wrong, by its name; see [`Fault::name`](super::Fault::name).
    pub faults: BTreeMap<&'static str, u64>,
    /// Items, by collection.
    pub collections: BTreeMap<String, ServedItems>,
}

impl Served {
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

impl fmt::Display for Served {
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
        for (name, served) in &self.collections {
            let (items, distinct) = (grouped(served.items), grouped(served.distinct));
            write!(f, "\n  {name:<16} {items} served, {distinct} distinct of {}", grouped(served.size))?;
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
pub(super) struct Count(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    served: Served,
    answered: u64,
    seen: BTreeMap<String, HashSet<u64>>,
}

impl Count {
    pub(super) fn request(&self) {
        self.counted().served.requests += 1;
    }

    pub(super) fn answer(&self, status: u16) {
        let mut counted = self.counted();
        counted.answered += 1;
        *counted.served.statuses.entry(status).or_default() += 1;
    }

    pub(super) fn fault(&self, name: &'static str) {
        *self.counted().served.faults.entry(name).or_default() += 1;
    }

    /// Counts a fault of a plan that was carried out.
    pub(super) fn fault_of(&self, fault: Fault) {
        if let Some(name) = fault.name() {
            self.fault(name);
        }
    }

    /// Counts the items of a page, by what tells them apart.
    pub(super) fn items(&self, collection: &str, digests: impl ExactSizeIterator<Item = u64>) {
        let mut counted = self.counted();
        let served = counted.served.collections.entry(collection.to_owned()).or_default();
        served.items += digests.len() as u64;
        counted.seen.entry(collection.to_owned()).or_default().extend(digests);
    }

    /// What was served so far, of collections of these sizes.
    pub(super) fn served(&self, sizes: impl Iterator<Item = (String, usize)>) -> Served {
        let counted = self.counted();
        let mut served = counted.served.clone();
        served.unanswered = served.requests - counted.answered;
        for (name, size) in sizes {
            let distinct = counted.seen.get(&name).map_or(0, HashSet::len);
            let collection = served.collections.entry(name).or_default();
            collection.distinct = distinct as u64;
            collection.size = size as u64;
        }
        served
    }

    /// A panic while counting leaves numbers that are still worth printing.
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
