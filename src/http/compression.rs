//! Compression of responses for clients that accept it.
//!
//! A response that holds a secret beside text of another's choice would tell the secret by its length
//! (BREACH). Responses here hold none: keys come in headers, there are no cookies, and a page of another
//! origin, which would have to send the text, cannot send requests with a key that it does not have.

use tower_http::compression::predicate::{And, NotForContentType, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel, Predicate};

/// The shortest body that is compressed, in bytes: one that fits into a packet gains nothing.
const MIN_BYTES: u64 = 1 << 10;

/// Compresses with br, zstd or gzip, fast: a response takes part of a millisecond to make.
/// Event streams are sent as they come, and a compressor would gather them.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, NotForContentType>> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(MIN_BYTES).and(NotForContentType::SSE))
}
