use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scope {
    /// Search, and log what is typed and clicked.
    Search,
    /// Read reports, the log of searches and how it does.
    Reports,
    /// Change documents, begin crawls, erase people.
    Admin,
}

/// Who sends an operation, as far as the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    key: Option<Arc<str>>,
    scopes: Scopes,
}

/// Which scopes somebody has: a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scopes(u8);

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Search, Self::Reports, Self::Admin];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The scope as it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Search => "SEARCH",
            Self::Reports => "REPORTS",
            Self::Admin => "ADMIN",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Caller {
    /// Anybody, where nobody is asked for a key: may do all.
    pub const fn unchecked() -> Self {
        Self { key: None, scopes: Scopes(u8::MAX) }
    }

    /// Somebody without a key, where keys are asked for: may do nothing that has a scope.
    pub const fn anonymous() -> Self {
        Self { key: None, scopes: Scopes(0) }
    }

    /// Who has the key of this name.
    pub fn with_key(name: Arc<str>, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let scopes = scopes.into_iter().fold(0, |bits, scope| bits | scope.bit());
        Self { key: Some(name), scopes: Scopes(scopes) }
    }

    /// Whether the caller may do what this scope is for.
    pub const fn has(&self, scope: Scope) -> bool {
        self.scopes.0 & scope.bit() != 0
    }

    /// Whether the caller may do all that another may.
    pub const fn covers(&self, other: &Self) -> bool {
        self.scopes.0 & other.scopes.0 == other.scopes.0
    }

    /// Whether nobody is asked for a key.
    pub const fn is_unchecked(&self) -> bool {
        self.scopes.0 == u8::MAX
    }

    /// The name of the caller's key.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// As [`Caller::key`], as text that is shared.
    pub fn shared_key(&self) -> Option<&Arc<str>> {
        self.key.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_have_the_scopes_of_their_keys() {
        let reports = Caller::with_key("dashboard".into(), [Scope::Reports]);
        assert_eq!(Scope::ALL.map(|scope| reports.has(scope)), [false, true, false]);
        assert_eq!(reports.key(), Some("dashboard"));
        assert_eq!(Scope::ALL.map(|scope| Caller::unchecked().has(scope)), [true; 3]);
        assert_eq!(Scope::ALL.map(|scope| Caller::anonymous().has(scope)), [false; 3]);
        assert!(Caller::unchecked().is_unchecked() && !Caller::anonymous().is_unchecked());
        assert!(!Caller::with_key("all".into(), Scope::ALL).is_unchecked());
        assert!(Caller::unchecked().covers(&reports) && !reports.covers(&Caller::unchecked()));
        assert!(reports.covers(&reports) && !Caller::anonymous().covers(&reports));
    }
}
