use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A permission of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scope {
    /// Searches, and logs keystrokes and clicks.
    Search,
    /// Reads reports, the search log and metrics.
    Reports,
    /// Changes documents, starts crawls, erases personal data.
    Admin,
}

/// The verified sender of an operation: its key and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    key: Option<Arc<str>>,
    scopes: Scopes,
}

/// A set of scopes: one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scopes(u8);

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Search, Self::Reports, Self::Admin];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The spelling in settings, in the schema and in messages.
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

impl Principal {
    /// Any client of a server without keys: has every scope.
    pub const fn unrestricted() -> Self {
        Self { key: None, scopes: Scopes(u8::MAX) }
    }

    /// A client without a key, where keys are required: has no scope.
    pub const fn anonymous() -> Self {
        Self { key: None, scopes: Scopes(0) }
    }

    /// The owner of a key.
    pub fn with_key(name: Arc<str>, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let scopes = scopes.into_iter().fold(0, |bits, scope| bits | scope.bit());
        Self { key: Some(name), scopes: Scopes(scopes) }
    }

    /// Returns true if the principal has the scope.
    pub const fn has(&self, scope: Scope) -> bool {
        self.scopes.0 & scope.bit() != 0
    }

    /// Returns true if the principal has every scope of another one.
    pub const fn covers(&self, other: &Self) -> bool {
        self.scopes.0 & other.scopes.0 == other.scopes.0
    }

    /// Returns true for a client of a server without keys.
    pub const fn is_unrestricted(&self) -> bool {
        self.scopes.0 == u8::MAX
    }

    /// Returns true for a client without a key of a server that has some.
    pub const fn is_anonymous(&self) -> bool {
        !self.is_unrestricted() && self.key.is_none()
    }

    /// The name of the key.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The name of the key, shared without a copy.
    pub fn shared_key(&self) -> Option<&Arc<str>> {
        self.key.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_the_scopes_of_their_keys() {
        let reports = Principal::with_key("dashboard".into(), [Scope::Reports]);
        assert_eq!(Scope::ALL.map(|scope| reports.has(scope)), [false, true, false]);
        assert_eq!(reports.key(), Some("dashboard"));
        assert_eq!(Scope::ALL.map(|scope| Principal::unrestricted().has(scope)), [true; 3]);
        assert_eq!(Scope::ALL.map(|scope| Principal::anonymous().has(scope)), [false; 3]);
        assert!(Principal::unrestricted().is_unrestricted() && !Principal::anonymous().is_unrestricted());
        assert!(!Principal::with_key("all".into(), Scope::ALL).is_unrestricted());
        assert!(Principal::anonymous().is_anonymous());
        assert!(!Principal::unrestricted().is_anonymous() && !reports.is_anonymous());
        assert!(Principal::unrestricted().covers(&reports) && !reports.covers(&Principal::unrestricted()));
        assert!(reports.covers(&reports) && !Principal::anonymous().covers(&reports));
    }
}
