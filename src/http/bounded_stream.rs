//! A TCP stream with a connection permit, a write time-out and a lingering close, for any protocol over it.
//!
//! The write time-out bounds memory: a message is made only after the previous one is written, so a client
//! that stops reading holds the system's buffers and one message, until the time-out. The lingering close
//! discards what the client still sends: the system resets a connection that closes with unread bytes, and
//! the client would lose the response.
//!
//! The end of the client's stream is withheld while a response is due ([`Exchange`]).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::admission::Permit;
use super::exchange::{Exchange, ExchangeStage};
use super::header_case;

/// The longest time that a peer may continue to send after the last response.
const LINGER_TIME: Duration = Duration::from_secs(1);
/// The bytes that a lingering close discards in one read, and its reads before it yields.
const DISCARDED_BYTES: usize = 8 << 10;
const DISCARDS_PER_YIELD: usize = 16;

/// The time between two probes of a client that has closed its sending side.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);
/// The longest time that the server may take to read a body after the client's end.
const UNREAD_BODY_TIME: Duration = Duration::from_secs(1);
/// A response that every HTTP/1.1 client ignores; the system of a client that is gone resets it.
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A TCP stream with limits.
pub(super) struct BoundedStream {
    tcp: TcpStream,
    write_timeout: Duration,
    /// Runs while the peer reads nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs during the lingering close.
    linger: Option<Pin<Box<Sleep>>>,
    exchange: Exchange,
    /// The state after the client has closed its sending side.
    ended: Option<Box<Ended>>,
    /// Something was written after the last flush.
    is_unflushed: bool,
    #[expect(dead_code, reason = "held for its destructor")]
    permit: Permit,
}

impl BoundedStream {
    pub(super) fn new(tcp: TcpStream, write_timeout: Duration, exchange: Exchange, permit: Permit) -> Self {
        Self {
            tcp,
            write_timeout,
            stalled: None,
            linger: None,
            exchange,
            ended: None,
            is_unflushed: false,
            permit,
        }
    }

    /// Withholds the client's end while a response is due and the client may still read it.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = self.ended.get_or_insert_with(|| {
            Box::new(Ended { at: Instant::now(), probe: Box::pin(sleep(PROBE_INTERVAL)), is_probed: false })
        });
        loop {
            match self.exchange.stage() {
                ExchangeStage::Idle | ExchangeStage::Upgrading => return Poll::Ready(Ok(())),
                // A truncated body never ends; a whole one may not have been read yet.
                ExchangeStage::Receiving if ended.at.elapsed() >= UNREAD_BODY_TIME => {
                    return Poll::Ready(Ok(()));
                }
                ExchangeStage::Receiving
                | ExchangeStage::Answering
                | ExchangeStage::Responding
                | ExchangeStage::Flushing => {}
            }
            ready!(ended.probe.as_mut().poll(context));
            ended.probe.as_mut().reset(Instant::now() + PROBE_INTERVAL);
            let may_probe = !ended.is_probed && !self.is_unflushed && self.exchange.takes_interim();
            if may_probe && self.exchange.stage() == ExchangeStage::Answering {
                ended.is_probed = true;
                // A partial interim response would corrupt the response.
                if self.tcp.try_write(INTERIM).is_ok_and(|written| written < INTERIM.len()) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
            }
            if let Some(error) = self.tcp.take_error()? {
                return Poll::Ready(Err(error));
            }
        }
    }

    /// Writes the head of the response that upgrades the connection to a WebSocket.
    fn poll_write_upgrade(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut head = bytes.to_vec();
        header_case::restore(&mut head);
        let written = Pin::new(&mut self.tcp).poll_write(context, &head);
        self.limit_write(context, written)
    }

    /// Fails a write that is pending for longer than the time-out.
    fn limit_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            self.is_unflushed = true;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
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

/// The state of a client that has closed its sending side.
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
        if self.exchange.stage() == ExchangeStage::Upgrading {
            return self.poll_write_upgrade(context, bytes);
        }
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.limit_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.stage() == ExchangeStage::Upgrading {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write_upgrade(context, first.map_or(&[][..], |slice| &slice[..]));
        }
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.limit_write(context, written)
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
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.tcp).poll_shutdown(context))?;
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(sleep(LINGER_TIME)));
        if linger.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..DISCARDS_PER_YIELD {
            let mut discarded = [0; DISCARDED_BYTES];
            let mut discarded = ReadBuf::new(&mut discarded);
            let read = ready!(Pin::new(&mut this.tcp).poll_read(context, &mut discarded));
            if read.is_err() || discarded.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
