//! Takes connections: so many of them, each with a time for its headers and for reading what it is
//! sent. axum's own server has none of these bounds.
//!
//! It deliberately lacks TLS and HTTP/2: a proxy in front of it has both. Over HTTP/2, hyper bounds neither the
//! time for headers nor an unused connection, nor a stream whose client takes nothing.

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

use super::admission::{Admission, Place};
use super::exchange::Exchange;
use super::stream::BoundedStream;
use super::{HttpLimits, HttpState, router};

/// What is read and written of a connection at once, in bytes: a URL of 64 KiB fits, headers and all.
const BUFFER_BYTES: usize = 128 << 10;
/// Between two attempts to take a connection when the system has none to give.
const PAUSE: Duration = Duration::from_millis(250);
/// What was sent to a server before it stopped may be on its way still: an idle connection is closed, and
/// no more are taken, once nothing has come for so long.
const QUIET: Duration = Duration::from_millis(30);
/// For how long a stopping server takes connections at most.
const LATECOMERS: Duration = Duration::from_millis(250);
/// The longest that a rejected client may take to read the rejection.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves until `stop`, and then until what is under way has ended: requests are answered, event
/// streams are completed, WebSockets are closed.
pub async fn serve(listener: TcpListener, state: HttpState, stop: CancellationToken) {
    let (limits, admission) = (state.limits, state.admission.clone());
    let server = Arc::new(Server { routes: router(state), limits, stopping: admission.stopping().clone() });
    let farewells = Arc::new(Semaphore::new(limits.rejections));
    let door = Door { server, admission: admission.clone(), farewells };
    let taking = async {
        loop {
            door.take(listener.accept().await).await;
        }
    };
    tokio::select! {
        () = taking => {}
        () = stop.cancelled() => {}
    }
    admission.stopping().cancel();
    // Whoever is connected as far as the system is concerned would lose a request that is sent already.
    let latecomers = async {
        while let Ok(accepted) = timeout(QUIET, listener.accept()).await {
            door.take(accepted).await;
        }
    };
    let _ = timeout(LATECOMERS, latecomers).await;
    drop(listener);
    admission.tasks().close();
    admission.tasks().wait().await;
}

/// Lets connections in, or turns them away.
struct Door {
    server: Arc<Server>,
    admission: Admission,
    farewells: Arc<Semaphore>,
}

impl Door {
    async fn take(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => match self.admission.connection() {
                Ok(place) => {
                    let connection = self.server.clone().connection(stream, peer, place);
                    drop(self.admission.tasks().spawn(connection));
                }
                Err(_) => {
                    if let Ok(farewell) = self.farewells.clone().try_acquire_owned() {
                        tokio::spawn(async move {
                            let _ = timeout(FAREWELL, turn_away(stream)).await;
                            drop(farewell);
                        });
                    }
                }
            },
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                sleep(PAUSE).await;
            }
        }
    }
}

struct Server {
    routes: Router,
    limits: HttpLimits,
    stopping: CancellationToken,
}

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Place) {
        // Answers are written as a whole, so waiting to fill packets only delays them.
        let _ = stream.set_nodelay(true);
        let exchange = Exchange::default();
        let stream = BoundedStream::new(stream, self.limits.send_time, exchange.clone(), place);
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let mut request = exchange.begin(request);
            request.extensions_mut().insert(ConnectInfo(peer));
            let (answered, exchange) = (self.routes.clone().call(request), exchange.clone());
            async move { answered.await.map(|response| exchange.respond(response)) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_time)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut served = pin!(served);
        let ended = tokio::select! {
            biased;
            ended = served.as_mut() => ended,
            () = self.stopping.cancelled() => match timeout(QUIET, served.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => {
                    served.as_mut().graceful_shutdown();
                    served.await
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

/// Tells one client too many to come again.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    const BODY: &str = "{\"errors\":[{\"message\":\"The server has all the connections that it takes. Try again in a \
                        moment.\",\"extensions\":{\"code\":\"TOO_BUSY\"}}]}";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\nretry-after: \
         1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // What is closed with something unread takes the answer back.
    let mut unread = [0; 1 << 10];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// The peer was gone before it was taken; the next one may be there.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
