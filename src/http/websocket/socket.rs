//! A WebSocket that limits incomplete messages in size, in time, and in the memory of request bodies.
//!
//! The WebSocket library buffers a whole message, so the limits apply below it, where bytes are read. Each
//! read ends with a frame at the latest: a message is read only after the previous one is received.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::frames::{FrameError, FrameFilter, HEADER_BYTES};
use super::message::CloseReason;
use crate::http::admission::{ANONYMOUS_BODY_BYTES, Admission, ClientClass};
use crate::memory::MemoryPermit;

/// The size of read and write buffers, in bytes; small, since most connections are idle.
const BUFFER_BYTES: usize = 4 << 10;
/// The longest frame to the client, in bytes.
const FRAME_BYTES: usize = 16 << 10;

/// A message of the client.
pub(super) enum ReceivedMessage {
    /// A text with a permit for its memory.
    Text(Bytes, MemoryPermit),
    /// A ping or a pong.
    Heartbeat,
    /// A close.
    Close,
}

/// The limits of messages on a connection.
pub(super) struct MessageLimits {
    /// The longest message, in bytes.
    pub(super) bytes: usize,
    /// The longest time that a message may take to arrive.
    pub(super) time: Duration,
    pub(super) class: ClientClass,
}

type Reads = LimitedReads<BufReader<TokioIo<Upgraded>>>;

/// A WebSocket with limits on incomplete messages.
pub(super) struct Socket {
    stream: WebSocketStream<Reads>,
    /// An error has ended reading.
    is_broken: bool,
}

impl Socket {
    pub(super) async fn new(connection: Upgraded, limits: MessageLimits, admission: Admission) -> Self {
        let connection = BufReader::with_capacity(BUFFER_BYTES, TokioIo::new(connection));
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(limits.bytes))
            .max_frame_size(Some(limits.bytes));
        let reads = LimitedReads::new(connection, limits, admission);
        let stream = WebSocketStream::from_raw_socket(reads, Role::Server, Some(config)).await;
        Self { stream, is_broken: false }
    }

    /// Sets the class of the client, which `connection_init` determines.
    pub(super) fn set_class(&mut self, class: ClientClass) {
        self.stream.get_mut().limits.class = class;
    }

    /// Receives a message; `None` once the client is gone. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Result<Option<ReceivedMessage>, CloseReason> {
        let Some(read) = self.stream.next().await else { return Ok(None) };
        self.is_broken = read.is_err();
        let reads = self.stream.get_mut();
        match read {
            Ok(Message::Text(text)) => {
                let permit = reads.permit.take();
                Ok(Some(ReceivedMessage::Text(text.into(), permit)))
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Ok(Some(ReceivedMessage::Heartbeat)),
            Ok(Message::Close(_)) => Ok(Some(ReceivedMessage::Close)),
            Ok(Message::Binary(_) | Message::Frame(_)) => Err(CloseReason::new(4400, "Send text messages")),
            Err(error) => match (reads.rejected.take(), error) {
                (Some(reason), _) => Err(reason),
                (None, Error::Capacity(_)) => Err(reads.too_long()),
                (None, Error::Utf8(_)) => Err(CloseReason::new(1007, "Send UTF-8")),
                (None, Error::Protocol(_)) => Err(malformed()),
                // The client is gone.
                (None, _) => Ok(None),
            },
        }
    }

    /// Sends a text. Returns false once the client is gone.
    pub(super) async fn send(&mut self, text: String) -> bool {
        self.stream.send(Message::Text(text.into())).await.is_ok()
    }

    /// Sends JSON in short frames: the library keeps a buffer for the longest.
    ///
    /// Returns false once the client is gone.
    pub(super) async fn send_bytes(&mut self, mut json: Bytes) -> bool {
        let mut kind = Data::Text;
        loop {
            let piece = json.split_to(json.len().min(FRAME_BYTES));
            let frame = Frame::message(piece, OpCode::Data(kind), json.is_empty());
            if self.stream.send(Message::Frame(frame)).await.is_err() {
                return false;
            }
            if json.is_empty() {
                return true;
            }
            kind = Data::Continue;
        }
    }

    /// Sends a ping. Returns false once the client is gone.
    pub(super) async fn ping(&mut self) -> bool {
        self.stream.send(Message::Ping(Bytes::new())).await.is_ok()
    }

    /// Sends a close, and reads until the client answers it.
    pub(super) async fn close(&mut self, CloseReason(code, reason): CloseReason) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        if self.stream.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(read) = self.stream.next().await {
            self.is_broken = read.is_err();
            drop(self.stream.get_mut().permit.take());
        }
        if self.is_broken {
            // Closing a socket with unread bytes resets it, which discards the close frame.
            let mut unread = [0; BUFFER_BYTES];
            while let Ok(1..) = self.stream.get_mut().connection.read(&mut unread).await {}
        }
    }
}

/// A connection whose reads fail when an incomplete message exceeds its limits.
struct LimitedReads<C> {
    connection: C,
    limits: MessageLimits,
    admission: Admission,
    frames: FrameFilter,
    /// The memory of the message that is being read, or the last one.
    permit: MemoryPermit,
    /// Runs while a message is incomplete.
    deadline: Option<Pin<Box<Sleep>>>,
    rejected: Option<CloseReason>,
}

impl<C> LimitedReads<C> {
    fn new(connection: C, limits: MessageLimits, admission: Admission) -> Self {
        let (frames, permit) = (FrameFilter::default(), MemoryPermit::default());
        Self { connection, limits, admission, frames, permit, deadline: None, rejected: None }
    }

    fn limit(&self) -> usize {
        self.limits.class.limit(self.limits.bytes)
    }

    fn too_long(&self) -> CloseReason {
        let limit = self.limit();
        let reason = if limit < self.limits.bytes {
            let limit = ANONYMOUS_BODY_BYTES >> 10;
            format!("Messages of more than {limit} KiB need a key: send it in connection_init")
        } else {
            format!("The message is longer than {limit} bytes: send less at once")
        };
        CloseReason::new(1009, reason)
    }

    /// Reads a part of a header; true at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>>
    where
        C: AsyncRead + Unpin,
    {
        let mut header = [0; HEADER_BYTES];
        let mut part = ReadBuf::new(&mut header[..self.frames.header_bytes()]);
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut part))?;
        if part.filled().is_empty() {
            return Poll::Ready(Ok(true));
        }
        let read = self.frames.read(part.filled(), self.limit());
        Poll::Ready(match read {
            Ok(()) => Ok(false),
            Err(FrameError::TooLong) => Err(self.reject(self.too_long())),
            Err(FrameError::Malformed) => Err(self.reject(malformed())),
        })
    }

    /// Reads a part of a payload.
    fn poll_payload(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>
    where
        C: AsyncRead + Unpin,
    {
        let wanted = self.frames.payload_bytes().min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut part))?;
        let length = part.filled().len();
        if self.frames.is_of_message() {
            let reserved = self.admission.reserve_body(&mut self.permit, length, self.limits.class);
            if reserved.is_err() {
                let reason = "The server is at its limit of incomplete messages: retry in a moment";
                return Poll::Ready(Err(self.reject(CloseReason::new(1013, reason))));
            }
        }
        buffer.advance(length);
        self.frames.advance(length);
        Poll::Ready(Ok(()))
    }

    /// Rejects an incomplete message at its deadline.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.frames.is_incomplete() {
            return Poll::Pending;
        }
        let time = self.limits.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(deadline.as_mut().poll(context));
        let reason = format!(
            "The message took longer than {} to arrive: send it faster",
            humantime::format_duration(time)
        );
        Poll::Ready(Err(self.reject(CloseReason::new(4408, reason))))
    }

    fn reject(&mut self, reason: CloseReason) -> io::Error {
        self.rejected = Some(reason);
        io::ErrorKind::QuotaExceeded.into()
    }
}

fn malformed() -> CloseReason {
    CloseReason::new(1002, "That is not a WebSocket message")
}

impl<C: AsyncRead + Unpin> AsyncRead for LimitedReads<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let header = this.frames.write_header(buffer.initialize_unfilled());
            buffer.advance(header);
            let read = if this.frames.payload_bytes() > 0 {
                if buffer.remaining() == 0 {
                    return Poll::Ready(Ok(()));
                }
                this.poll_payload(context, buffer).map_ok(|()| true)
            } else if header > 0 {
                // A frame without a payload.
                Poll::Ready(Ok(true))
            } else {
                this.poll_header(context)
            };
            return match read {
                // The header alone yields no bytes yet.
                Poll::Ready(Ok(false)) => continue,
                Poll::Ready(Ok(true)) => {
                    if !this.frames.is_incomplete() {
                        this.deadline = None;
                    }
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending if header > 0 => Poll::Ready(Ok(())),
                Poll::Pending => this.poll_deadline(context),
            };
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for LimitedReads<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
