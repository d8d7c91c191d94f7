//! Request bodies, read within limits on size, time and memory.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;

use super::admission::{Admission, ClientClass};
use super::http_error::HttpError;
use crate::graphql::ErrorCode;
use crate::memory::MemoryPermit;

/// Reads a body to its end, with a permit for its memory.
pub(super) async fn read(
    body: Body,
    limit: usize,
    time: Duration,
    admission: &Admission,
    class: ClientClass,
) -> Result<(Bytes, MemoryPermit), HttpError> {
    // An announced length over the limit is rejected before a byte is read.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let read = tokio::time::timeout(time, read_all(body, limit, admission, class)).await;
    read.unwrap_or_else(|_| {
        let time = humantime::format_duration(time);
        let message = format!("The body took longer than {time} to arrive. Send it faster, or in parts.");
        Err(HttpError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::Timeout, message))
    })
}

async fn read_all(
    body: Body,
    limit: usize,
    admission: &Admission,
    class: ClientClass,
) -> Result<(Bytes, MemoryPermit), HttpError> {
    let mut chunks = body.into_data_stream();
    let mut first = Bytes::new();
    let mut segments = Segments::default();
    let mut permit = MemoryPermit::default();
    let mut read = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| HttpError::bad_request("The body ended early."))?;
        if read + chunk.len() > limit {
            return Err(too_large(limit));
        }
        admission.reserve_body(&mut permit, chunk.len(), class)?;
        // Most bodies arrive in one chunk and need no copy.
        if read == 0 {
            first = chunk;
            read = first.len();
            continue;
        }
        segments.extend(&std::mem::take(&mut first));
        segments.extend(&chunk);
        read += chunk.len();
    }
    Ok((if first.is_empty() { segments.into_bytes(read) } else { first }, permit))
}

/// The bytes of a body as far as it has arrived.
///
/// They take no more memory than that: an announced length may never be sent, and a growing vector
/// would leave its former buffers behind.
#[derive(Default)]
struct Segments(Vec<Vec<u8>>);

impl Segments {
    const BYTES: usize = 64 << 10;

    fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let free = self.0.last().map_or(0, |last| last.capacity() - last.len());
            if free == 0 {
                self.0.push(Vec::with_capacity(Self::BYTES));
                continue;
            }
            let (head, rest) = bytes.split_at(free.min(bytes.len()));
            self.0.last_mut().expect("a segment was added").extend_from_slice(head);
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

fn too_large(limit: usize) -> HttpError {
    HttpError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BadUserInput,
        format!("The body exceeds your limit of {limit} bytes per request. Send it in parts."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_join_to_their_bytes() {
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
