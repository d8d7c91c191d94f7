//! Digests of submitted texts and their users, and of keystrokes, equal on all servers.
//!
//! Buffers recognise echoes and repeated deliveries by them, so no text and no user outlives its run.

use uuid::Uuid;

use quarry_domain::{SessionId, UserId, comparison_key};

/// 64 bits: texts of one input do not collide within a window.
pub(super) type Digest = [u8; 8];

/// Equal for texts that differ only in case, width, composition or white space.
pub(super) fn text_digest(text: &str) -> Digest {
    digest(&comparison_key(text))
}

pub(super) fn user_digest(user: &UserId) -> Digest {
    digest(user.as_str())
}

/// Equal for the deliveries of one keystroke.
pub(super) type DeliveryDigest = [u8; 4];

/// The most deliveries that an input remembers of its closed and claimed runs.
pub(super) const MAX_DELIVERIES: usize = 100;

/// Identifies a keystroke with a sequence among those of its input.
///
/// The session is part of it: without its id, the text cannot be guessed letter by letter.
pub(super) fn delivery(session: &SessionId, sequence: i64, submitted: bool, text: &str) -> DeliveryDigest {
    let hash = digest(&format!("{sequence} {submitted} {session} {text}", session = session.as_str()));
    std::array::from_fn(|index| hash[index])
}

fn digest(text: &str) -> Digest {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).into_bytes();
    std::array::from_fn(|index| hash[index])
}
