//! Compression of responses for clients that accept it.
//!
//! A response that holds a secret beside text of another's choice would tell the secret by its length
//! (BREACH). Responses here hold none: keys come in headers, there are no cookies, and a page of another
//! origin, which would have to send the text, cannot send requests with a key that it does not have.

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use http::header::CONTENT_ENCODING;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tower_http::compression::predicate::{And, NotForContentType, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel, Predicate};

/// The shortest body that is compressed, in bytes: one that fits into a packet gains nothing.
const MIN_BYTES: u64 = 1 << 10;
/// Responses that are compressed at once, whatever the number of clients: each takes a few MB meanwhile.
const MAX_AT_ONCE: usize = 8;
/// Pieces of one response after which others have their turn.
const PIECES: usize = 16;

static PERMITS: Semaphore = Semaphore::const_new(MAX_AT_ONCE);

/// Chooses br, zstd or gzip, fast: a response takes part of a millisecond to make.
/// Event streams are sent as they come, and a compressor would gather them.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, NotForContentType>> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(MIN_BYTES).and(NotForContentType::SSE))
}

/// Compresses a response to its end before it is sent: a client that reads slowly keeps no compressor.
pub(super) async fn finish(response: Response) -> Response {
    if !response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let _permit = PERMITS.acquire().await;
    let (parts, body) = response.into_parts();
    let mut pieces = body.into_data_stream().enumerate();
    let mut compressed = Vec::new();
    while let Some((number, piece)) = pieces.next().await {
        match piece {
            Ok(piece) => compressed.extend_from_slice(&piece),
            // The connection breaks off, as it would have while this was sent.
            Err(error) => return Response::from_parts(parts, Body::from_stream(failing(error))),
        }
        if (number + 1).is_multiple_of(PIECES) {
            yield_now().await;
        }
    }
    Response::from_parts(parts, Body::from(compressed))
}

fn failing(error: axum::Error) -> impl futures_util::Stream<Item = Result<bytes::Bytes, axum::Error>> {
    futures_util::stream::once(async { Err(error) })
}
