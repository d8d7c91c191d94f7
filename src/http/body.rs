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
    let expected = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
    let mut chunks = body.into_data_stream();
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    let mut room = MemoryPermit::default();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off."))?;
        let read = first.len().max(whole.len());
        if read + chunk.len() > limit {
            return Err(too_large(limit));
        }
        admission.body_room(&mut room, chunk.len(), class)?;
        // Most bodies come in one piece and need no copy.
        if read == 0 {
            first = chunk;
            continue;
        }
        if whole.is_empty() {
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        if whole.capacity() - whole.len() < chunk.len() {
            // What is announced need not be sent, and the memory of a long body may be taken as soon as it is
            // reserved: so to twice its size, and to all of it once a good part has come.
            let left = expected.saturating_sub(read);
            let more = if read >= expected / 4 { left } else { read.min(left) };
            whole.reserve_exact(chunk.len().max(more));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok((if whole.is_empty() { first } else { whole.into() }, room))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BadUserInput,
        format!("The body is larger than the {limit} bytes that you may send at once. Send it in parts."),
    )
}
