//! The binary format of a cached value: version, checksum, expiry, value.

use bytes::Bytes;
use chrono::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use quarry_domain::Timestamp;

/// The format version; increment it when the layout behind it changes.
const VERSION: u8 = 1;
/// The length of version and checksum.
const HEADER_BYTES: usize = 5;

/// A decoded value and its expiry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueEnvelope<T> {
    pub(super) fresh_until: Timestamp,
    pub(super) value: T,
}

#[derive(Serialize, Deserialize)]
struct Payload<T> {
    fresh_until_us: i64,
    value: T,
}

pub(super) fn encode<T: Serialize>(fresh_until: Timestamp, value: &T) -> Bytes {
    let payload = Payload { fresh_until_us: fresh_until.timestamp_micros(), value };
    let mut bytes = postcard::to_extend(&payload, vec![VERSION, 0, 0, 0, 0])
        .expect("postcard encodes plain data, and values are plain data");
    let checksum = crc32fast::hash(&bytes[HEADER_BYTES..]).to_le_bytes();
    bytes[1..HEADER_BYTES].copy_from_slice(&checksum);
    bytes.into()
}

/// Decodes a value; `None` if it is damaged, of another version or of another type.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<ValueEnvelope<T>> {
    let (header, payload) = bytes.split_at_checked(HEADER_BYTES)?;
    if header[0] != VERSION || header[1..] != crc32fast::hash(payload).to_le_bytes() {
        return None;
    }
    let (payload, rest): (Payload<T>, _) = postcard::take_from_bytes(payload).ok()?;
    let fresh_until = DateTime::from_timestamp_micros(payload.fresh_until_us)?;
    rest.is_empty().then_some(ValueEnvelope { fresh_until, value: payload.value })
}

#[cfg(test)]
mod tests {
    use chrono::{SubsecRound, Utc};

    use super::*;

    #[test]
    fn damaged_envelopes_do_not_decode() {
        let value = vec![("Business".to_owned(), Some(2.5)), (String::new(), None)];
        let fresh_until = Utc::now().trunc_subsecs(6);
        let bytes = encode(fresh_until, &value);
        assert_eq!(decode(&bytes), Some(ValueEnvelope { fresh_until, value }));
        type Rows = Vec<(String, Option<f64>)>;
        for length in 0..bytes.len() {
            assert_eq!(decode::<Rows>(&bytes[..length]), None, "cut at {length}");
        }
        for offset in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.to_vec();
                other[offset] ^= 1 << bit;
                assert_eq!(decode::<Rows>(&other), None, "bit {bit} of byte {offset}");
            }
        }
        assert_eq!(decode::<Rows>(&[&bytes[..], b"x"].concat()), None);
        assert_eq!(decode::<u8>(&bytes), None, "a value of another type under the same key");
    }
}
