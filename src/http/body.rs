//! Reads the bytes of a request: under a limit, in a time, in memory that is counted.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;

use super::admission::{Admission, CallerClass};
use super::problem::Problem;
use crate::graphql::ErrorCode;
use crate::memory::MemoryPermit;

/// Reads a body to its end. The room that it takes in memory is given back with the last of the two.
pub(super) async fn read(
    body: Body,
    limit: usize,
    time: Duration,
    admission: &Admission,
    class: CallerClass,
) -> Result<(Bytes, MemoryPermit), Problem> {
    // What is announced need not be read to be refused.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(time, read_all(body, limit, admission, class)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Timeout,
            format!("The body took longer than {} to arrive.", humantime::format_duration(time)),
        )),
    }
}

async fn read_all(
    body: Body,
    limit: usize,
    admission: &Admission,
    class: CallerClass,
) -> Result<(Bytes, MemoryPermit), Problem> {
    let mut chunks = body.into_data_stream();
    let mut first = Bytes::new();
    let mut segments = Segments::default();
    let mut room = MemoryPermit::default();
    let mut read = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off."))?;
        if read + chunk.len() > limit {
            return Err(too_large(limit));
        }
        admission.body_room(&mut room, chunk.len(), class)?;
        // Most bodies come in one piece and need no copy.
        if read == 0 {
            first = chunk;
            read = first.len();
            continue;
        }
        segments.extend(&std::mem::take(&mut first));
        segments.extend(&chunk);
        read += chunk.len();
    }
    Ok((if first.is_empty() { segments.into_bytes(read) } else { first }, room))
}

/// The bytes of a body as far as it has arrived. They take no more memory than that: what is announced
/// need not be sent, and one list of them that grew would leave its former selves behind.
#[derive(Default)]
struct Segments(Vec<Vec<u8>>);

impl Segments {
    const BYTES: usize = 64 << 10;

    fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.0.last().map_or(0, |last| last.capacity() - last.len());
            if room == 0 {
                self.0.push(Vec::with_capacity(Self::BYTES));
                continue;
            }
            let (some, rest) = bytes.split_at(room.min(bytes.len()));
            self.0.last_mut().expect("one was added").extend_from_slice(some);
            bytes = rest;
        }
    }

    fn into_bytes(mut self, length: usize) -> Bytes {
        if self.0.len() <= 1 {
            return self.0.pop().unwrap_or_default().into();
        }
        let mut whole = Vec::with_capacity(length);
        for segment in self.0 {
            whole.extend_from_slice(&segment);
        }
        whole.into()
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BadUserInput,
        format!("The body is larger than the {limit} bytes that you may send at once. Send it in parts."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_hold_what_they_are_given() {
        for lengths in [&[][..], &[1], &[1, 2], &[Segments::BYTES, 1], &[200_000, 70_000, 3]] {
            let (mut segments, mut expected) = (Segments::default(), Vec::new());
            for (n, length) in lengths.iter().enumerate() {
                segments.extend(&vec![n as u8; *length]);
                expected.resize(expected.len() + length, n as u8);
            }
            assert_eq!(segments.into_bytes(expected.len()), expected, "{lengths:?}");
        }
    }
}
