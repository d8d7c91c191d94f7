//! Which keys there are. All of a shard have its tag, so that a cluster keeps them on one node,
//! as the keys of one script must be:
//!
//! | Key after `prefix:{ks-07}:` | Type | What is there |
//! |---|---|---|
//! | `due` | sorted set | names of open and closed runs, by the time when they are due |
//! | `claims` | sorted set | ids of claimed runs, by the end of their lease |
//! | `counts` | hash | what the shard has done |
//! | `r:` + name | string | an open run: see `scripts/run.lua` |
//! | `r:!` + number + name | string | a closed run: submitted, and something else typed since |
//! | `c:` + id | string | a claimed run |
//! | `l:` + name | string, expires | the highest sequence of a claimed or closed run |
//! | `s:` + name | string, expires | digest of what was submitted last, if nothing else was typed since |
//! | `f:` + session | string, expires | how many keystrokes a session sent of late |
//!
//! Names are hashes of session and input: short, and no text of a person is in a key. Only what
//! may be forgotten expires, so that even a Redis that evicts what expires loses no keystroke.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

/// Over how many shards the sessions are spread. All servers of a fleet must agree on it, and
/// runs of another count would be left behind: a constant for good.
pub(super) const SHARDS: usize = 16;
/// How much of a session's hash is its name. 90 random bits: no two sessions meet.
const SESSION_BYTES: usize = 12;
/// How much of an input's hash is its name: it need only differ within the session.
const INPUT_BYTES: usize = 6;

/// The keys of one shard.
pub(super) struct Shard {
    /// How each of them starts.
    pub(super) base: String,
    pub(super) due: String,
    pub(super) claims: String,
    pub(super) counts: String,
    /// How new claims of this shard start: tells the shard of a claim.
    number: usize,
}

/// What a session and input are called in keys.
pub(super) struct RunName {
    pub(super) session: String,
    pub(super) run: String,
    pub(super) shard: usize,
}

impl Shard {
    /// Every shard, in order.
    pub(super) fn all(prefix: &str) -> Vec<Self> {
        let shard = |number| {
            let base = format!("{prefix}:{{ks-{number:02}}}:");
            let key = |name| format!("{base}{name}");
            Self { due: key("due"), claims: key("claims"), counts: key("counts"), number, base }
        };
        (0..SHARDS).map(shard).collect()
    }

    /// How the ids of one call's claims start: no other call's start like it.
    pub(super) fn new_claims(&self, call: Uuid) -> String {
        format!("{:02}-{}-", self.number, call.simple())
    }
}

/// The shard of a claim, if it is one of this adapter's.
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
        // Most sessions have one input, without a name.
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
