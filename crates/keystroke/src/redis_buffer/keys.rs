//! The keys. All keys of a shard have its hash tag, so a cluster keeps them on one node, as one script
//! requires:
//!
//! | Key after `prefix:{ks-07}:` | Type | Value |
//! |---|---|---|
//! | `due` | sorted set | names of open and closed runs, by due time |
//! | `claims` | sorted set | ids of claimed runs, by the end of their lease |
//! | `counts` | hash | the counters of the shard |
//! | `r:` + name | string | an open run: see `scripts/run.lua` |
//! | `r:!` + number + name | string | a closed run: submitted, and followed by other text |
//! | `c:` + id | string | a claimed run |
//! | `l:` + name | string, expires | the watermark of an input: the highest sequence of its closed and claimed runs, the first of the last one, and digests of their last keystrokes |
//! | `b:` + name | string, expires | the first sequence of the input's open run, and digests of its keystrokes |
//! | `o:` + name | string, expires | the claim for which the next run of an input waits |
//! | `m:` + name | string, expires | the last stored search of an input |
//! | `p:` + id | string | the stored search that a claim continues |
//! | `memories` | sorted set | names of inputs with a stored search, by expiry |
//! | `s:` + name | string, expires | the last submission of an input, as digests, until other text follows |
//! | `f:` + session | string, expires | the keystrokes of a session within its current period |
//!
//! Names are hashes of session and input: short, and without personal data. Runs never expire, so even a
//! Redis that evicts expiring keys loses no keystroke.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

/// The number of shards. A change would strand the runs of other shards and separate the servers of a fleet.
pub(super) const SHARDS: usize = 16;
/// The bytes of a session's hash in its name: 90 random bits do not collide.
const SESSION_BYTES: usize = 12;
/// The bytes of an input's hash in its name, which is unique within the session.
const INPUT_BYTES: usize = 6;

/// The keys of one shard.
pub(super) struct Shard {
    /// The prefix of all its keys.
    pub(super) base: String,
    pub(super) due: String,
    pub(super) claims: String,
    pub(super) counts: String,
    pub(super) memories: String,
    /// The first part of its claims' ids.
    number: usize,
}

/// The name of a session and its input in keys.
pub(super) struct RunName {
    pub(super) session: String,
    pub(super) run: String,
    pub(super) shard: usize,
}

impl Shard {
    /// All shards, in order.
    pub(super) fn all(prefix: &str) -> Vec<Self> {
        let shard = |number| {
            let base = format!("{prefix}:{{ks-{number:02}}}:");
            let key = |name| format!("{base}{name}");
            let (due, claims, counts) = (key("due"), key("claims"), key("counts"));
            Self { due, claims, counts, memories: key("memories"), number, base }
        };
        (0..SHARDS).map(shard).collect()
    }

    /// The unique prefix of the claims of one call.
    pub(super) fn claim_prefix(&self, call: Uuid) -> String {
        format!("{:02}-{}-", self.number, call.simple())
    }
}

/// The shard of a claim, or `None` for a foreign id.
pub(super) fn shard_of_claim(id: &str) -> Option<usize> {
    let (number, _) = id.split_once('-')?;
    number.parse().ok().filter(|number| *number < SHARDS)
}

/// The shard of a session.
pub(super) fn shard_of_session(session: &str) -> usize {
    shard_of(hash(session))
}

impl RunName {
    pub(super) fn of(session: &str, input: &str) -> Self {
        let hashed = hash(session);
        let session = BASE64URL_NOPAD.encode(&hashed[..SESSION_BYTES]);
        let mut run = session.clone();
        // Most sessions have one input, with an empty id.
        if !input.is_empty() {
            run.push_str(&BASE64URL_NOPAD.encode(&hash(input)[..INPUT_BYTES]));
        }
        Self { session, run, shard: shard_of(hashed) }
    }
}

fn shard_of(hashed: [u8; 16]) -> usize {
    usize::from(hashed[0]) % SHARDS
}

fn hash(id: &str) -> [u8; 16] {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).into_bytes()
}
