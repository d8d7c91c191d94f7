//! The encoding of keystrokes in Redis; `scripts/run.lua` describes the string of a run.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::keystroke_details::KeystrokeDetails;
use crate::{ClaimId, ClaimedRun, DueReason, RememberedSearch, SearchContexts};
use quarry_domain::{BufferedKeystroke, InputId, Keystroke, SessionId, Timestamp, UserId};

/// The length of the head after version and reason.
const HEAD_REST_BYTES: usize = 32;
const VERSION: u8 = 1;

/// The part of a keystroke that is opaque to the scripts.
#[derive(Serialize, Deserialize)]
struct Content<'a> {
    text: &'a str,
    sequence: Option<i64>,
    #[serde(borrow)]
    details: KeystrokeDetails<'a>,
}

pub(super) fn content(keystroke: &Keystroke) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&Content {
        text: &keystroke.text,
        sequence: keystroke.sequence,
        details: KeystrokeDetails::of(keystroke),
    })
}

/// Encodes a sequence as a string that sorts as the number does; empty if there is none.
pub(super) fn sequence(keystroke: &Keystroke) -> String {
    keystroke
        .sequence
        .map_or_else(String::new, |sequence| format!("{:016x}", sequence.cast_unsigned() ^ (1 << 63)))
}

pub(super) fn timestamp(ms: i64) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(ms)
}

/// Encodes a remembered search: the user for the scripts, then the rest.
pub(super) fn remembered(search: &RememberedSearch) -> Result<Vec<u8>, postcard::Error> {
    let user = search.search.user.as_ref().map_or("", UserId::as_str);
    let length = u16::try_from(user.len()).map_err(|_| postcard::Error::SerializeBufferFull)?;
    let head = [&length.to_be_bytes()[..], user.as_bytes()].concat();
    // The contexts follow what earlier versions write and read.
    postcard::to_extend(&search.contexts(), postcard::to_extend(search, head)?)
}

/// Decodes a remembered search; `None` for an empty or a malformed one, which is then not continued.
fn remembered_search(bytes: &[u8]) -> Option<RememberedSearch> {
    let mut reader = RunReader(bytes);
    reader.counted::<2>()?;
    let (search, rest) = postcard::take_from_bytes::<RememberedSearch>(reader.0).ok()?;
    let contexts =
        if rest.is_empty() { Some(SearchContexts::default()) } else { postcard::from_bytes(rest).ok() };
    Some(search.with_contexts(contexts?))
}

/// Decodes a claimed run; `None` if it is malformed.
pub(super) fn claimed_run(id: String, bytes: &[u8], remembered: &[u8]) -> Option<ClaimedRun> {
    let mut reader = RunReader(bytes);
    if reader.number::<1>()? != u64::from(VERSION) {
        return None;
    }
    let reason = match reader.number::<1>()? {
        1 => DueReason::Submitted,
        2 => DueReason::Limit,
        3 => DueReason::Idle,
        4 => DueReason::Shutdown,
        _ => return None,
    };
    reader.take(HEAD_REST_BYTES)?;
    let session = SessionId::parse(reader.text::<2>()?).ok()?;
    let input = InputId::parse(reader.text::<2>()?).ok()?;
    let (mut user, mut keystrokes) = (None, Vec::new());
    while !reader.0.is_empty() {
        match reader.take(1)? {
            b"U" => {
                let id = reader.text::<2>()?;
                user = if id.is_empty() { None } else { Some(UserId::parse(id).ok()?) };
            }
            b"K" => keystrokes.push(reader.keystroke(user.clone())?),
            _ => return None,
        }
    }
    let remembered = remembered_search(remembered);
    let run = ClaimedRun { id: ClaimId(id), session, input, reason, keystrokes, remembered };
    (!run.keystrokes.is_empty()).then_some(run)
}

struct RunReader<'a>(&'a [u8]);

impl<'a> RunReader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn number<const BYTES: usize>(&mut self) -> Option<u64> {
        Some(self.take(BYTES)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Bytes after a prefix of `LENGTH` bytes with their length.
    fn counted<const LENGTH: usize>(&mut self) -> Option<&'a [u8]> {
        let length = self.number::<LENGTH>()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn text<const LENGTH: usize>(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.counted::<LENGTH>()?).ok()
    }

    fn keystroke(&mut self, user: Option<UserId>) -> Option<BufferedKeystroke> {
        let at = timestamp(i64::try_from(self.number::<6>()?).ok()?)?;
        let content: Content<'_> = postcard::from_bytes(self.counted::<4>()?).ok()?;
        Some(BufferedKeystroke {
            at,
            user,
            text: content.text.to_owned(),
            sequence: content.sequence,
            submitted: content.details.is_submitted(),
            result_count: content.details.result_count,
            composing: content.details.is_composing(),
            context: content.details.context(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::stroke;
    use quarry_domain::{SearchContext, SearchFact};

    #[test]
    fn sequences_sort_as_texts() {
        let numbers = [i64::MIN, -256, -1, 0, 1, 9, 10, 15, 16, 1 << 53, (1 << 53) + 1, i64::MAX];
        let texts = numbers.map(|number| sequence(&Keystroke { sequence: Some(number), ..stroke("s", "") }));
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 16));
    }

    #[test]
    fn malformed_runs_are_rejected() {
        let whole =
            [&[1, 3][..], &[0; HEAD_REST_BYTES], b"\0\x01s\0\0K\0\0\0\0\0\x01\0\0\0\x05\x01b\0\0\0"].concat();
        let run = claimed_run("id".to_owned(), &whole, b"").unwrap();
        assert_eq!((run.session.as_str(), run.keystrokes[0].text.as_str()), ("s", "b"));
        for length in 0..whole.len() {
            assert_eq!(claimed_run("id".to_owned(), &whole[..length], b""), None, "cut at {length}");
        }
        for (at, byte) in [(0, 2), (1, 0), (1, 9), (38, b'x')] {
            let mut other = whole.clone();
            other[at] = byte;
            assert_eq!(claimed_run("id".to_owned(), &other, b""), None, "{byte} at {at}");
        }
    }

    #[test]
    fn remembered_searches_of_earlier_versions_are_read() {
        let mut search = crate::fixtures::remembered("bus");
        search.search.user = UserId::parse("ann").ok();
        let earlier = [&b"\0\x03ann"[..], &postcard::to_stdvec(&search).unwrap()].concat();
        assert_eq!(remembered_search(&earlier), Some(search.clone()));
        search.search.context = SearchContext::of([SearchFact::sort("newest")]);
        search.trace.longer_context = SearchContext::of([SearchFact::sort("oldest")]);
        let written = remembered(&search).unwrap();
        // Earlier versions ignore what follows.
        assert!(written.starts_with(&earlier));
        assert_eq!(remembered_search(&written), Some(search));
        assert_eq!(remembered_search(&written[..written.len() - 1]), None);
        assert_eq!(remembered_search(b""), None);
    }
}
