//! A connection's bytes, with two bounds that hold whatever is spoken over it: it takes a place
//! among all connections, and a peer that takes nothing of what it is sent is given up on. A third
//! for its end: what is still being sent then is thrown away for a moment, since the system takes
//! back an answer that was not read yet from who is cut off while sending.
//!
//! The end of what the client sends is withheld while a response is due ([`Exchange`]).
//!
//! The second keeps memory bounded: what is sent is not made before what was sent is taken, so a
//! client that stops reading holds what fits into the system's buffers and one message, and that
//! only for so long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::admission::Place;
use super::exchange::{Exchange, Stage};
use super::header_case;

/// How long a peer may go on sending after its last answer.
const FAREWELL: Duration = Duration::from_secs(1);
/// What is thrown away at once, in bytes, and how often before others have their turn.
const THROWN_BYTES: usize = 8 << 10;
const THROWS: usize = 16;

/// Between two looks at a client that has sent all that it will: whether it is still there.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);
/// The time that the body of a request may take to be read after the client's end.
const UNREAD_BODY_TIME: Duration = Duration::from_secs(1);
/// A response that every client of HTTP/1.1 passes over, and one that is gone refuses.
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A bounded connection.
pub(super) struct BoundedStream {
    tcp: TcpStream,
    patience: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs once all is said.
    farewell: Option<Pin<Box<Sleep>>>,
    exchange: Exchange,
    /// Runs once the client has sent all that it will.
    ended: Option<Box<Ended>>,
    /// Something was written after the last flush.
    is_unflushed: bool,
    #[expect(dead_code, reason = "held for its destructor")]
    place: Place,
}

impl BoundedStream {
    /// Gives up after the peer took nothing for `patience`.
    pub(super) fn new(tcp: TcpStream, patience: Duration, exchange: Exchange, place: Place) -> Self {
        Self {
            tcp,
            patience,
            stalled: None,
            farewell: None,
            exchange,
            ended: None,
            is_unflushed: false,
            place,
        }
    }

    /// Withholds the client's end while a response is due and it may be there to take it.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = self.ended.get_or_insert_with(|| {
            Box::new(Ended { at: Instant::now(), probe: Box::pin(sleep(PROBE_INTERVAL)), is_probed: false })
        });
        loop {
            match self.exchange.stage() {
                Stage::Idle | Stage::Upgrading => return Poll::Ready(Ok(())),
                // A body that broke off never ends; one that is whole may not have been read yet.
                Stage::Receiving if ended.at.elapsed() >= UNREAD_BODY_TIME => return Poll::Ready(Ok(())),
                Stage::Receiving | Stage::Answering | Stage::Responding | Stage::Flushing => {}
            }
            ready!(ended.probe.as_mut().poll(context));
            ended.probe.as_mut().reset(Instant::now() + PROBE_INTERVAL);
            let may_probe = !ended.is_probed && !self.is_unflushed && self.exchange.takes_interim();
            if may_probe && self.exchange.stage() == Stage::Answering {
                ended.is_probed = true;
                // A part of it would spoil the response.
                if self.tcp.try_write(INTERIM).is_ok_and(|written| written < INTERIM.len()) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
            }
            if let Some(error) = self.tcp.take_error()? {
                return Poll::Ready(Err(error));
            }
        }
    }

    /// Writes the head that makes a WebSocket of the connection.
    fn poll_write_upgrade(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut head = bytes.to_vec();
        header_case::restore(&mut head);
        let written = Pin::new(&mut self.tcp).poll_write(context, &head);
        self.watch(context, written)
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            self.is_unflushed = true;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        if buffer.filled().len() > before || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.poll_end(context)
    }
}

/// A client that has sent all that it will.
struct Ended {
    at: Instant,
    probe: Pin<Box<Sleep>>,
    is_probed: bool,
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.stage() == Stage::Upgrading {
            return self.poll_write_upgrade(context, bytes);
        }
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.stage() == Stage::Upgrading {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write_upgrade(context, first.map_or(&[][..], |slice| &slice[..]));
        }
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(context))?;
        self.is_unflushed = false;
        self.exchange.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.tcp).poll_shutdown(context))?;
        }
        let farewell = this.farewell.get_or_insert_with(|| Box::pin(sleep(FAREWELL)));
        if farewell.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..THROWS {
            let mut thrown = [0; THROWN_BYTES];
            let mut thrown = ReadBuf::new(&mut thrown);
            let read = ready!(Pin::new(&mut this.tcp).poll_read(context, &mut thrown));
            if read.is_err() || thrown.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
