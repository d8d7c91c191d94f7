//! A WebSocket whose incomplete messages are bounded: in size, in time, and in the memory of bodies.
//!
//! The library below gathers a message before it gives any of it away, so the bounds are kept where its
//! bytes are read. Each read ends with a frame at the latest: nothing is read of a message before the one
//! before it is taken.

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

use super::frames::{Frames, HEADER_BYTES, Unfit};
use super::message::Close;
use crate::http::admission::{Admission, CallerClass, KEYLESS_BYTES};
use crate::memory::MemoryPermit;

/// Bytes that are read and written at once: few, since most of many connections are idle.
const BUFFER_BYTES: usize = 4 << 10;
/// The longest frame that is sent, in bytes.
const FRAME_BYTES: usize = 16 << 10;

/// A message of a client.
pub(super) enum Received {
    /// A text with the memory that it takes.
    Text(Bytes, MemoryPermit),
    /// A ping or a pong.
    Heartbeat,
    /// The client closes.
    Close,
}

/// Bounds of the messages on a connection.
pub(super) struct MessageBounds {
    /// The longest message, in bytes.
    pub(super) bytes: usize,
    /// The longest it may take to arrive.
    pub(super) time: Duration,
    /// The class of the caller.
    pub(super) class: CallerClass,
}

type Reads = BoundedReads<BufReader<TokioIo<Upgraded>>>;

/// See the module.
pub(super) struct Socket {
    stream: WebSocketStream<Reads>,
    /// No messages can be read any more.
    broken: bool,
}

impl Socket {
    pub(super) async fn new(connection: Upgraded, bounds: MessageBounds, admission: Admission) -> Self {
        let connection = BufReader::with_capacity(BUFFER_BYTES, TokioIo::new(connection));
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(bounds.bytes))
            .max_frame_size(Some(bounds.bytes));
        let reads = BoundedReads::new(connection, bounds, admission);
        let stream = WebSocketStream::from_raw_socket(reads, Role::Server, Some(config)).await;
        Self { stream, broken: false }
    }

    /// Sets the class of the caller, known from `connection_init` on.
    pub(super) fn set_class(&mut self, class: CallerClass) {
        self.stream.get_mut().bounds.class = class;
    }

    /// The next message; `None` once the client is gone. Nothing is lost where this is dropped.
    pub(super) async fn receive(&mut self) -> Result<Option<Received>, Close> {
        let Some(read) = self.stream.next().await else { return Ok(None) };
        self.broken = read.is_err();
        let reads = self.stream.get_mut();
        match read {
            Ok(Message::Text(text)) => {
                let room = reads.room.take();
                Ok(Some(Received::Text(text.into(), room)))
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Ok(Some(Received::Heartbeat)),
            Ok(Message::Close(_)) => Ok(Some(Received::Close)),
            Ok(Message::Binary(_) | Message::Frame(_)) => Err(Close::new(4400, "Send text messages")),
            Err(error) => match (reads.refused.take(), error) {
                (Some(refused), _) => Err(refused),
                (None, Error::Capacity(_)) => Err(reads.too_long()),
                (None, Error::Utf8(_)) => Err(Close::new(1007, "Send UTF-8")),
                (None, Error::Protocol(_)) => Err(Close::new(1002, "That is no WebSocket message")),
                // It is gone.
                (None, _) => Ok(None),
            },
        }
    }

    /// Sends a text. False once the client is gone.
    pub(super) async fn send(&mut self, text: String) -> bool {
        self.stream.send(Message::Text(text.into())).await.is_ok()
    }

    /// Sends a text of JSON, a long one in several frames: the library keeps the memory of the longest. False
    /// once the client is gone.
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

    /// Sends a ping. False once the client is gone.
    pub(super) async fn ping(&mut self) -> bool {
        self.stream.send(Message::Ping(Bytes::new())).await.is_ok()
    }

    /// Closes, and reads on until the client has heard it.
    pub(super) async fn close(&mut self, Close(code, reason): Close) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        if self.stream.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(read) = self.stream.next().await {
            self.broken = read.is_err();
            drop(self.stream.get_mut().room.take());
        }
        if self.broken {
            // What is dropped with something unread takes back what was last sent.
            let mut unread = [0; BUFFER_BYTES];
            while let Ok(1..) = self.stream.get_mut().connection.read(&mut unread).await {}
        }
    }
}

/// A connection that ends with a refusal where an incomplete message exceeds its bounds.
struct BoundedReads<C> {
    connection: C,
    bounds: MessageBounds,
    admission: Admission,
    frames: Frames,
    /// The memory of the message that is read, or was read last.
    room: MemoryPermit,
    /// Runs while a message is incomplete.
    due: Option<Pin<Box<Sleep>>>,
    refused: Option<Close>,
}

impl<C> BoundedReads<C> {
    fn new(connection: C, bounds: MessageBounds, admission: Admission) -> Self {
        let (frames, room) = (Frames::default(), MemoryPermit::default());
        Self { connection, bounds, admission, frames, room, due: None, refused: None }
    }

    fn limit(&self) -> usize {
        self.bounds.class.limit(self.bounds.bytes)
    }

    fn too_long(&self) -> Close {
        let limit = self.limit();
        let reason = if limit < self.bounds.bytes {
            let limit = KEYLESS_BYTES >> 10;
            format!("Messages of more than {limit} KiB need a key: send it in connection_init")
        } else {
            format!("The message is longer than {limit} bytes: send less at once")
        };
        Close::new(1009, reason)
    }

    /// Reads on within a header; true at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>>
    where
        C: AsyncRead + Unpin,
    {
        let mut header = [0; HEADER_BYTES];
        let mut part = ReadBuf::new(&mut header[..self.frames.wanted()]);
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut part))?;
        if part.filled().is_empty() {
            return Poll::Ready(Ok(true));
        }
        let read = self.frames.read(part.filled(), self.limit());
        Poll::Ready(match read {
            Ok(()) => Ok(false),
            Err(Unfit::TooLong) => {
                let refused = self.too_long();
                Err(self.refuse(refused))
            }
            Err(Unfit::Malformed) => Err(self.refuse(Close::new(1002, "That is no WebSocket message"))),
        })
    }

    /// Reads on within a payload.
    fn poll_payload(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>
    where
        C: AsyncRead + Unpin,
    {
        let wanted = self.frames.payload().min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut part))?;
        let length = part.filled().len();
        if self.frames.is_of_message() {
            let taken = self.admission.body_room(&mut self.room, length, self.bounds.class);
            if taken.is_err() {
                let reason = "The server is at its limit of incomplete messages: try again in a moment";
                return Poll::Ready(Err(self.refuse(Close::new(1013, reason))));
            }
        }
        buffer.advance(length);
        self.frames.advance(length);
        Poll::Ready(Ok(()))
    }

    /// Refuses an incomplete message once its time is over.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.frames.is_incomplete() {
            return Poll::Pending;
        }
        let time = self.bounds.time;
        let due = self.due.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(due.as_mut().poll(context));
        let reason = format!(
            "The message took longer than {} to arrive: send it faster",
            humantime::format_duration(time)
        );
        Poll::Ready(Err(self.refuse(Close::new(4408, reason))))
    }

    fn refuse(&mut self, refused: Close) -> io::Error {
        self.refused = Some(refused);
        io::ErrorKind::QuotaExceeded.into()
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for BoundedReads<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let passed = this.frames.pass(buffer.initialize_unfilled());
            buffer.advance(passed);
            let read = if this.frames.payload() > 0 {
                if buffer.remaining() == 0 {
                    return Poll::Ready(Ok(()));
                }
                this.poll_payload(context, buffer).map_ok(|()| true)
            } else if passed > 0 {
                // A frame without a payload.
                Poll::Ready(Ok(true))
            } else {
                this.poll_header(context)
            };
            return match read {
                // The header of a frame is nothing yet.
                Poll::Ready(Ok(false)) => continue,
                Poll::Ready(Ok(true)) => {
                    if !this.frames.is_incomplete() {
                        this.due = None;
                    }
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending if passed > 0 => Poll::Ready(Ok(())),
                Poll::Pending => this.poll_due(context),
            };
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for BoundedReads<C> {
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
