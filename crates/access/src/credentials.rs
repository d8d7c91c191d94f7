use std::net::IpAddr;
use std::time::Duration;

use chrono::Utc;
use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use super::access_control::{AccessControl, AccessError};
use super::key::hash_presented;
use super::key_store::Grant;
use quarry_domain::{KeyHash, Principal};

/// The response to a malformed `Authorization` header.
const MALFORMED: AccessError = AccessError::Unauthenticated("Send the key as `Authorization: Bearer KEY`.");
/// The longest timer before the wall clock, which may be set, is read again.
const MAX_EXPIRY_TIMER: Duration = Duration::from_secs(600);
/// The shortest timer, so that a key close to its expiry causes no busy loop.
const MIN_EXPIRY_TIMER: Duration = Duration::from_millis(5);

/// The credentials of a request or connection, unverified. Holds only the hash of the key.
#[derive(Clone)]
pub struct Credentials {
    access: AccessControl,
    address: IpAddr,
    /// The `Origin` header, which browsers send for the page.
    origin: Option<String>,
    authorization: Authorization,
}

/// The parsed `Authorization` header.
#[derive(Clone)]
enum Authorization {
    Absent,
    Malformed,
    Key(KeyHash),
}

impl AccessControl {
    /// Reads the credentials of a request or connection without verifying them.
    pub fn credentials(&self, peer: IpAddr, headers: &HeaderMap) -> Credentials {
        // An origin that is not a string matches no allowed origin of a key.
        let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default().to_owned());
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let authorization = match (lines.next(), lines.next()) {
            (None, _) => Authorization::Absent,
            (Some(line), None) => Authorization::parse(line.to_str().unwrap_or_default()),
            // A proxy in front may have used the other header, so neither is trusted.
            (Some(_), Some(_)) => Authorization::Malformed,
        };
        let address = self.client_address(peer, headers);
        Credentials { access: self.clone(), address, origin, authorization }
    }
}

impl Credentials {
    /// Replaces the authorization, for WebSockets: browsers cannot set their headers.
    pub fn set_authorization(&mut self, authorization: &str) {
        self.authorization = Authorization::parse(authorization);
    }

    /// The client address as forwarded by trusted proxies.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Verifies the credentials now; a failure counts against the address.
    pub fn authenticate(&self) -> Result<Principal, AccessError> {
        match self.verify() {
            Ok(grant) => Ok(grant.principal),
            Err(error) => {
                self.access.record_failure(self.address)?;
                Err(error)
            }
        }
    }

    /// Waits until the credentials no longer cover `principal`.
    ///
    /// That is, until the key is removed, loses a scope, or expires.
    pub async fn until_revoked(self, principal: Principal) {
        let mut changes = self.access.changes();
        loop {
            let Some(grant) = self.verify().ok().filter(|grant| grant.principal.covers(&principal)) else {
                return;
            };
            let Some(expires) = grant.expires else {
                changes.next().await;
                continue;
            };
            let left = (expires - Utc::now()).to_std().unwrap_or_default();
            let left = left.clamp(MIN_EXPIRY_TIMER, MAX_EXPIRY_TIMER);
            // A change and the timer both lead to another verification.
            let _ = tokio::time::timeout(left, changes.next()).await;
        }
    }

    fn verify(&self) -> Result<Grant, AccessError> {
        let key = match &self.authorization {
            Authorization::Absent => None,
            // Without configured keys, the header may belong to a proxy in front.
            Authorization::Malformed if self.access.requires_keys() => return Err(MALFORMED),
            Authorization::Malformed => None,
            Authorization::Key(key) => Some(key),
        };
        self.access.verify(key, self.origin.as_deref(), Utc::now())
    }
}

impl Authorization {
    fn parse(authorization: &str) -> Self {
        let key = authorization.trim().split_once(' ').and_then(|(scheme, key)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| hash_presented(key.trim_start())).flatten()
        });
        key.map_or(Self::Malformed, Self::Key)
    }
}
