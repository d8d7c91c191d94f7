use std::net::IpAddr;
use std::time::Duration;

use chrono::Utc;
use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use super::gate::{Denied, Gate};
use super::key::hash_of;
use super::ring::Opened;
use quarry_domain::{Caller, KeyHash};

/// How something that is no `Authorization` is answered.
const MALFORMED: Denied = Denied::Unauthenticated("Send the key as `Authorization: Bearer KEY`.");
/// How long the wall clock is trusted to run as the timer does.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// The least between two looks at the clock where a key is about to expire.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

/// Whoever opened a connection or sent a request. Only the hash of the key is kept.
#[derive(Clone)]
pub struct Visitor {
    gate: Gate,
    address: IpAddr,
    /// What a browser says the page's origin is.
    origin: Option<String>,
    key: Presented,
}

#[derive(Clone)]
enum Presented {
    Nothing,
    Malformed,
    Key(KeyHash),
}

impl Visitor {
    pub(super) fn new(gate: Gate, address: IpAddr, headers: &HeaderMap) -> Self {
        // What is no text is no origin that a key could have.
        let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default().to_owned());
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let key = match (lines.next(), lines.next()) {
            (None, _) => Presented::Nothing,
            (Some(line), None) => Presented::read(line.to_str().unwrap_or_default()),
            // Whoever stands in between may have read the other one.
            (Some(_), Some(_)) => Presented::Malformed,
        };
        Self { gate, address, origin, key }
    }

    /// Presents what browsers cannot send as a header: `Bearer KEY`.
    pub fn present(&mut self, authorization: &str) {
        self.key = Presented::read(authorization);
    }

    /// Where the visitor comes from, as far as trusted proxies say.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// What the visitor may do now. One that fails counts.
    pub fn caller(&self) -> Result<Caller, Denied> {
        match self.opened() {
            Ok(opened) => Ok(opened.caller),
            Err(denied) => {
                self.gate.count_failure(self.address)?;
                Err(denied)
            }
        }
    }

    /// Waits until the visitor may no longer do what `let_in_as` may: the key was taken back, lost a
    /// scope, or expired.
    pub async fn until_cut_off(self, let_in_as: Caller) {
        let mut changes = self.gate.changes();
        loop {
            let Some(opened) = self.opened().ok().filter(|opened| opened.caller.covers(&let_in_as)) else {
                return;
            };
            let Some(expires) = opened.expires else {
                changes.next().await;
                continue;
            };
            let left = (expires - Utc::now()).to_std().unwrap_or_default();
            let left = left.clamp(SHORTEST_WAIT, LONGEST_WAIT);
            // Whether it comes in time or not, the key is looked at again.
            let _ = tokio::time::timeout(left, changes.next()).await;
        }
    }

    fn opened(&self) -> Result<Opened, Denied> {
        let key = match &self.key {
            Presented::Nothing => None,
            // Where no keys are asked for, the header may be meant for a proxy.
            Presented::Malformed if self.gate.asks_for_keys() => return Err(MALFORMED),
            Presented::Malformed => None,
            Presented::Key(key) => Some(key),
        };
        self.gate.open_with(key, self.origin.as_deref(), Utc::now())
    }
}

impl Presented {
    fn read(authorization: &str) -> Self {
        let key = authorization.trim().split_once(' ').and_then(|(scheme, key)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| hash_of(key.trim_start())).flatten()
        });
        key.map_or(Self::Malformed, Self::Key)
    }
}
