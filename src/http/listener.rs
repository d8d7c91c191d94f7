//! The accept loop: a limited number of connections, each with time-outs for headers and for writes.
//!
//! axum's own server has no such limits. This one deliberately lacks TLS and HTTP/2: a proxy in front of it
//! has both. Over HTTP/2, hyper limits neither the time for headers nor an unused connection, nor a stream
//! whose client reads nothing.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::admission::{Permit, Work};
use super::bounded_stream::BoundedStream;
use super::exchange::Exchange;
use super::{HttpState, router};

/// The read and write buffer of a connection, in bytes: fits a URL of 64 KiB with its headers.
const BUFFER_BYTES: usize = 128 << 10;
/// The pause after a failed accept, such as for want of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(250);
/// The idle time after which a draining connection closes and draining ends.
///
/// Requests that were sent before the stop may still be on their way.
const DRAIN_IDLE: Duration = Duration::from_millis(30);
/// The longest time that a stopping server accepts connections.
const DRAIN_MAX: Duration = Duration::from_millis(250);
/// The longest time that a client may take to read its rejection.
const REJECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until `stop`, and then until the work in flight has ended.
///
/// Requests are answered, event streams are completed, and WebSockets are closed.
pub async fn serve(listener: TcpListener, state: HttpState, stop: CancellationToken) {
    let rejections = Arc::new(Semaphore::new(state.limits.rejections));
    let acceptor = Acceptor { routes: router(state.clone()), state, rejections };
    let accepting = async {
        loop {
            acceptor.handle(listener.accept().await).await;
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
    let admission = &acceptor.state.admission;
    admission.shutdown().cancel();
    // Connections in the system's queue may carry requests that would be lost.
    let draining = async {
        while let Ok(accepted) = timeout(DRAIN_IDLE, listener.accept()).await {
            acceptor.handle(accepted).await;
        }
    };
    let _ = timeout(DRAIN_MAX, draining).await;
    drop(listener);
    admission.tasks().close();
    admission.tasks().wait().await;
}

/// Accepts connections within the limit and rejects the others.
struct Acceptor {
    routes: Router,
    state: HttpState,
    /// Limits concurrent rejections; further connections close without a response.
    rejections: Arc<Semaphore>,
}

impl Acceptor {
    async fn handle(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => match self.state.admission.acquire(Work::Connection) {
                Ok(permit) => {
                    let connection =
                        serve_connection(self.routes.clone(), self.state.clone(), stream, peer, permit);
                    drop(self.state.admission.tasks().spawn(connection));
                }
                Err(_) => {
                    if let Ok(permit) = self.rejections.clone().try_acquire_owned() {
                        tokio::spawn(async move {
                            let _ = timeout(REJECTION_TIMEOUT, reject(stream)).await;
                            drop(permit);
                        });
                    }
                }
            },
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "connections cannot be accepted; retrying");
                sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

async fn serve_connection(
    routes: Router,
    state: HttpState,
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
) {
    // Responses are written as a whole, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let exchange = Exchange::default();
    let stream = BoundedStream::new(stream, state.limits.send_time, exchange.clone(), permit);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let mut request = exchange.begin(request);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (response, exchange) = (routes.clone().call(request), exchange.clone());
        async move { response.await.map(|response| exchange.respond(response)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(state.limits.header_time)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        biased;
        ended = served.as_mut() => ended,
        () = state.admission.shutdown().cancelled() => match timeout(DRAIN_IDLE, served.as_mut()).await {
            Ok(ended) => ended,
            Err(_) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection aborted");
    }
}

/// Responds to a connection over the limit with the time to retry after.
async fn reject(mut stream: TcpStream) -> io::Result<()> {
    const BODY: &str = "{\"errors\":[{\"message\":\"The server is at its limit of connections. Retry in a moment.\",\
                        \"extensions\":{\"code\":\"TOO_BUSY\"}}]}";
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\nretry-after: \
         1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    // Closing a socket with unread bytes resets it, which discards the response.
    let mut unread = [0; 1 << 10];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Returns true if the peer disconnected before it was accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
