//! Compression of responses for clients that accept it.
//!
//! A response with a secret beside attacker-chosen text would leak the secret through its length (BREACH).
//! Responses hold no secrets: keys come in headers, there are no cookies, and a page of another origin,
//! which would have to send the text, cannot send requests with a key that it does not have.

use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::Response;
use futures_util::StreamExt;
use http::header::CONTENT_ENCODING;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tower_http::compression::predicate::{NotForContentType, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel, Predicate};

/// The shortest compressed body, in bytes: a body that fits into a packet gains nothing.
const MIN_BYTES: u64 = 1 << 10;
/// The concurrent compressions, for any number of clients: each takes a few MB.
const MAX_CONCURRENT: usize = 8;
/// The chunks of one response after which the task yields.
const CHUNKS_PER_YIELD: usize = 16;

static PERMITS: Semaphore = Semaphore::const_new(MAX_CONCURRENT);

/// Compresses the responses of routes with br, zstd or gzip.
///
/// The level is fast, since a response takes a fraction of a millisecond to make. Event streams stay
/// uncompressed: a compressor would delay their events.
pub(super) fn compressed<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let layer = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(MIN_BYTES).and(NotForContentType::SSE));
    routes.layer(layer).layer(map_response(finish))
}

/// Compresses a response to its end before it is sent, so that slow readers hold no compressor.
async fn finish(response: Response) -> Response {
    if !response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let _permit = PERMITS.acquire().await;
    let (parts, body) = response.into_parts();
    let mut chunks = body.into_data_stream().enumerate();
    let mut compressed = Vec::new();
    while let Some((number, chunk)) = chunks.next().await {
        match chunk {
            Ok(chunk) => compressed.extend_from_slice(&chunk),
            // Sending the error aborts the connection, as it would have without this layer.
            Err(error) => return Response::from_parts(parts, Body::from_stream(failing(error))),
        }
        if (number + 1).is_multiple_of(CHUNKS_PER_YIELD) {
            yield_now().await;
        }
    }
    Response::from_parts(parts, Body::from(compressed))
}

fn failing(error: axum::Error) -> impl futures_util::Stream<Item = Result<bytes::Bytes, axum::Error>> {
    futures_util::stream::once(async { Err(error) })
}
