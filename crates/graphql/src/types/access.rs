use async_graphql::{Enum, Object};

use crate::list::List;
use quarry_domain::Principal;

/// A permission of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::Scope")]
pub(crate) enum Scope {
    /// Searches, and logs keystrokes and clicks.
    Search,
    /// Reads reports, the search log and metrics.
    Reports,
    /// Changes documents, starts crawls, erases personal data.
    Admin,
}

/// The GraphQL type of a principal.
pub(crate) struct Access(pub(crate) Principal);

/// The key of the caller and its scopes.
#[Object]
impl Access {
    /// The name of the key; null on a server without keys.
    async fn key(&self) -> Option<&str> {
        self.0.key()
    }

    /// The scopes of the key; all of them on a server without keys.
    async fn scopes(&self) -> List<Vec<Scope>> {
        let scopes = quarry_domain::Scope::ALL.into_iter().filter(|scope| self.0.has(*scope));
        scopes.map(Scope::from).collect()
    }
}
