//! Operations by the key of who sent them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::page::{Page, label};

/// Counts the operations of each key. Names come from the settings, so there are not many.
#[derive(Default)]
pub(in crate::http) struct Keys(Mutex<HashMap<Arc<str>, u64>>);

impl Keys {
    /// An operation of who has this key begins.
    pub(in crate::http) fn note(&self, key: &Arc<str>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(key) {
            Some(count) => *count += 1,
            None => drop(counts.insert(key.clone(), 1)),
        }
    }

    /// Tells of the keys that are in force, those among them that nobody used.
    pub(super) fn tell(&self, page: &mut Page, names: &[Arc<str>]) {
        if names.is_empty() {
            return;
        }
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = |name: &Arc<str>| (label("key", &**name), counts.get(name).copied().unwrap_or_default());
        page.counts(
            "key_operations_total",
            "GraphQL operations of callers with a key, by its name: a key that is out of use grows no more",
            names.iter().map(of_key).collect(),
        );
    }
}
