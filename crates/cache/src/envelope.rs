//! How an answer is written: a version, a checksum, until when it is fresh, and the answer.

use bytes::Bytes;
use chrono::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use quarry_domain::Timestamp;

/// Goes up when what follows it changes.
const VERSION: u8 = 1;
/// The version and the checksum.
const HEAD: usize = 5;

/// An answer and until when it is fresh.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written<T> {
    pub(super) fresh_until: Timestamp,
    pub(super) answer: T,
}

#[derive(Serialize, Deserialize)]
struct Content<T> {
    fresh_until_us: i64,
    answer: T,
}

/// Writes an answer.
pub(super) fn write<T: Serialize>(fresh_until: Timestamp, answer: &T) -> Bytes {
    let content = Content { fresh_until_us: fresh_until.timestamp_micros(), answer };
    let mut bytes = postcard::to_extend(&content, vec![VERSION, 0, 0, 0, 0])
        .expect("an answer is plain data, which can be written");
    let checksum = crc32fast::hash(&bytes[HEAD..]).to_le_bytes();
    bytes[1..HEAD].copy_from_slice(&checksum);
    bytes.into()
}

/// Reads an answer; nothing if it is not one, whole and of this version.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<Written<T>> {
    let (head, content) = bytes.split_at_checked(HEAD)?;
    if head[0] != VERSION || head[1..] != crc32fast::hash(content).to_le_bytes() {
        return None;
    }
    let (content, rest): (Content<T>, _) = postcard::take_from_bytes(content).ok()?;
    let fresh_until = DateTime::from_timestamp_micros(content.fresh_until_us)?;
    rest.is_empty().then_some(Written { fresh_until, answer: content.answer })
}

#[cfg(test)]
mod tests {
    use chrono::{SubsecRound, Utc};

    use super::*;

    #[test]
    fn what_is_damaged_anywhere_is_nothing() {
        let answer = vec![("Business".to_owned(), Some(2.5)), (String::new(), None)];
        let fresh_until = Utc::now().trunc_subsecs(6);
        let bytes = write(fresh_until, &answer);
        assert_eq!(read(&bytes), Some(Written { fresh_until, answer }));
        type Answer = Vec<(String, Option<f64>)>;
        for length in 0..bytes.len() {
            assert_eq!(read::<Answer>(&bytes[..length]), None, "cut at {length}");
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.to_vec();
                other[place] ^= 1 << bit;
                assert_eq!(read::<Answer>(&other), None, "bit {bit} of {place}");
            }
        }
        assert_eq!(read::<Answer>(&[&bytes[..], b"x"].concat()), None);
        // An answer of another kind under the same key.
        assert_eq!(read::<u8>(&bytes), None);
    }
}
