//! A connection's bytes, with two bounds that hold whatever is spoken over it: it takes a place
//! among all connections, and a peer that takes nothing of what it is sent is given up on. A third
//! for its end: what is still being sent then is thrown away for a moment, since the system takes
//! back an answer that was not read yet from who is cut off while sending.
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
use tokio::time::{Sleep, sleep};

use super::admission::Place;

/// How long a peer may go on sending after its last answer.
const FAREWELL: Duration = Duration::from_secs(1);
/// What is thrown away at once, in bytes, and how often before others have their turn.
const THROWN_BYTES: usize = 8 << 10;
const THROWS: usize = 16;

/// A bounded connection.
pub(super) struct BoundedStream {
    tcp: TcpStream,
    patience: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs once all is said.
    farewell: Option<Pin<Box<Sleep>>>,
    #[expect(dead_code, reason = "held for its destructor")]
    place: Place,
}

impl BoundedStream {
    /// Gives up after the peer took nothing for `patience`.
    pub(super) fn new(tcp: TcpStream, patience: Duration, place: Place) -> Self {
        Self { tcp, patience, stalled: None, farewell: None, place }
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
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
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
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
