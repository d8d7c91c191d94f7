//! By what a buffer knows a submitted text again: short digests, so that neither the text nor who
//! typed it is kept for longer than its run. All servers of a fleet make the same ones.

use uuid::Uuid;

use quarry_domain::{UserId, comparison_key};

/// 64 bits: within a window and a search box no two texts meet.
pub(super) type Digest = [u8; 8];

/// Alike for texts that differ in case, width, composition or white space only.
pub(super) fn text_digest(text: &str) -> Digest {
    digest(&comparison_key(text))
}

pub(super) fn user_digest(user: &UserId) -> Digest {
    digest(user.as_str())
}

fn digest(text: &str) -> Digest {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).into_bytes();
    std::array::from_fn(|place| hash[place])
}
