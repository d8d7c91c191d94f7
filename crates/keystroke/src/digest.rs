//! Digests of submitted texts and their users, equal on all servers.
//!
//! Buffers recognise echoes by them, so no text and no user outlives its run.

use uuid::Uuid;

use quarry_domain::{UserId, comparison_key};

/// 64 bits: texts of one input do not collide within a window.
pub(super) type Digest = [u8; 8];

/// Equal for texts that differ only in case, width, composition or white space.
pub(super) fn text_digest(text: &str) -> Digest {
    digest(&comparison_key(text))
}

pub(super) fn user_digest(user: &UserId) -> Digest {
    digest(user.as_str())
}

fn digest(text: &str) -> Digest {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).into_bytes();
    std::array::from_fn(|index| hash[index])
}
