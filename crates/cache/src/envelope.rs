//! How an answer is written: a version, a checksum, until when it is fresh, and the answer.

use bytes::Bytes;
use chrono::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use quarry_domain::Timestamp;

/// Goes up when what follows it changes.
const VERSION: u8 = 1;
/// The version and the checksum.
const HEADER_BYTES: usize = 5;

/// An answer and until when it is fresh.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Envelope<T> {
    pub(super) fresh_until: Timestamp,
    pub(super) value: T,
}

#[derive(Serialize, Deserialize)]
struct Payload<T> {
    fresh_until_us: i64,
    value: T,
}

/// Writes an answer.
pub(super) fn encode<T: Serialize>(fresh_until: Timestamp, value: &T) -> Bytes {
    let payload = Payload { fresh_until_us: fresh_until.timestamp_micros(), value };
    let mut bytes = postcard::to_extend(&payload, vec![VERSION, 0, 0, 0, 0])
        .expect("an answer is plain data, which can be written");
    let checksum = crc32fast::hash(&bytes[HEADER_BYTES..]).to_le_bytes();
    bytes[1..HEADER_BYTES].copy_from_slice(&checksum);
    bytes.into()
}

/// Reads an answer; nothing if it is not one, whole and of this version.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<Envelope<T>> {
    let (head, payload) = bytes.split_at_checked(HEADER_BYTES)?;
    if head[0] != VERSION || head[1..] != crc32fast::hash(payload).to_le_bytes() {
        return None;
    }
    let (payload, rest): (Payload<T>, _) = postcard::take_from_bytes(payload).ok()?;
    let fresh_until = DateTime::from_timestamp_micros(payload.fresh_until_us)?;
    rest.is_empty().then_some(Envelope { fresh_until, value: payload.value })
}

#[cfg(test)]
mod tests {
    use chrono::{SubsecRound, Utc};

    use super::*;

    #[test]
    fn what_is_damaged_anywhere_is_nothing() {
        let value = vec![("Business".to_owned(), Some(2.5)), (String::new(), None)];
        let fresh_until = Utc::now().trunc_subsecs(6);
        let bytes = encode(fresh_until, &value);
        assert_eq!(decode(&bytes), Some(Envelope { fresh_until, value }));
        type Answer = Vec<(String, Option<f64>)>;
        for length in 0..bytes.len() {
            assert_eq!(decode::<Answer>(&bytes[..length]), None, "cut at {length}");
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.to_vec();
                other[place] ^= 1 << bit;
                assert_eq!(decode::<Answer>(&other), None, "bit {bit} of {place}");
            }
        }
        assert_eq!(decode::<Answer>(&[&bytes[..], b"x"].concat()), None);
        // An answer of another kind under the same key.
        assert_eq!(decode::<u8>(&bytes), None);
    }
}
