//! A WebSocket whose incomplete messages are bounded: in size, in time, and in the memory of bodies.
//!
//! The library below gathers a message before it gives any of it away, so the bounds are kept where its
//! bytes are read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::frames::{Frames, Unfit};
use super::message::Close;
use crate::http::admission::{Admission, CallerClass, KEYLESS_BYTES};
use crate::memory::MemoryPermit;

/// Bytes that are read and written at once: few, since most of many connections are idle.
const BUFFER_BYTES: usize = 4 << 10;
/// Messages of this length and more, in bytes, leave a buffer that is not kept.
const LONG_BYTES: usize = 4 * BUFFER_BYTES;

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
    /// Absent only while it is replaced.
    stream: Option<WebSocketStream<Reads>>,
    /// No messages can be read any more.
    broken: bool,
}

impl Socket {
    pub(super) async fn new(connection: Upgraded, bounds: MessageBounds, admission: Admission) -> Self {
        let connection = BufReader::with_capacity(BUFFER_BYTES, TokioIo::new(connection));
        let stream = over(BoundedReads::new(connection, bounds, admission)).await;
        Self { stream: Some(stream), broken: false }
    }

    /// Sets the class of the caller, known from `connection_init` on.
    pub(super) fn set_class(&mut self, class: CallerClass) {
        self.stream().get_mut().bounds.class = class;
    }

    /// Drops the buffer of a long message, which the library would keep. Called between messages.
    pub(super) async fn release(&mut self, length: usize) {
        if length >= LONG_BYTES && self.stream().flush().await.is_ok() {
            let reads = self.stream.take().expect("is there").into_inner();
            self.stream = Some(over(reads).await);
        }
    }

    fn stream(&mut self) -> &mut WebSocketStream<Reads> {
        self.stream.as_mut().expect("is there, but while it is replaced")
    }

    /// The next message; `None` once the client is gone. Nothing is lost where this is dropped.
    pub(super) async fn receive(&mut self) -> Result<Option<Received>, Close> {
        let Some(read) = self.stream().next().await else { return Ok(None) };
        self.broken = read.is_err();
        let reads = self.stream().get_mut();
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
        self.stream().send(Message::Text(text.into())).await.is_ok()
    }

    /// Sends a text of JSON; its memory is held until it is on its way. False once the client is gone.
    pub(super) async fn send_bytes(&mut self, json: Bytes) -> bool {
        let held = json.clone();
        let text = Utf8Bytes::try_from(json).expect("JSON is UTF-8");
        let sent = self.stream().send(Message::Text(text)).await.is_ok();
        drop(held);
        sent
    }

    /// Sends a ping. False once the client is gone.
    pub(super) async fn ping(&mut self) -> bool {
        self.stream().send(Message::Ping(Bytes::new())).await.is_ok()
    }

    /// Closes, and reads on until the client has heard it.
    pub(super) async fn close(&mut self, Close(code, reason): Close) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        if self.stream().send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(read) = self.stream().next().await {
            self.broken = read.is_err();
            drop(self.stream().get_mut().room.take());
        }
        if self.broken {
            // What is dropped with something unread takes back what was last sent.
            let mut unread = [0; BUFFER_BYTES];
            while let Ok(1..) = self.stream().get_mut().connection.read(&mut unread).await {}
        }
    }
}

/// A WebSocket over what is read of one, with no message begun.
async fn over(reads: Reads) -> WebSocketStream<Reads> {
    let bytes = reads.bounds.bytes;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(bytes))
        .max_frame_size(Some(bytes));
    WebSocketStream::from_raw_socket(reads, Role::Server, Some(config)).await
}

/// A connection that ends with a refusal where an incomplete message exceeds its bounds. Each read ends
/// with a frame at the latest, so nothing is read of a message before the one before it is taken.
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

    fn take(&mut self, bytes: &[u8]) -> Result<(), Close> {
        if bytes.is_empty() {
            return Ok(());
        }
        let length = if self.frames.is_in_message() { bytes.len() } else { 0 };
        self.frames.advance(bytes, self.limit()).map_err(|unfit| match unfit {
            Unfit::TooLong => self.too_long(),
            Unfit::Malformed => Close::new(1002, "That is no WebSocket message"),
        })?;
        if !self.frames.is_incomplete() {
            self.due = None;
        }
        let grown = self.admission.body_room(&mut self.room, length, self.bounds.class);
        grown.map_err(|_| {
            Close::new(1013, "The server has its limit of messages under way: try again in a moment")
        })
    }

    fn refuse(&mut self, refused: Close) -> Poll<io::Result<()>> {
        self.refused = Some(refused);
        Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()))
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for BoundedReads<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let wanted = this.frames.wanted().min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
        match Pin::new(&mut this.connection).poll_read(context, &mut part) {
            Poll::Ready(Ok(())) => {
                let taken = this.take(part.filled());
                let read = part.filled().len();
                match taken {
                    Ok(()) => {
                        buffer.advance(read);
                        Poll::Ready(Ok(()))
                    }
                    Err(refused) => this.refuse(refused),
                }
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if !this.frames.is_incomplete() => Poll::Pending,
            Poll::Pending => {
                let time = this.bounds.time;
                let due = this.due.get_or_insert_with(|| Box::pin(sleep(time)));
                if due.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                let reason =
                    format!("The message took longer than {time:?} to arrive: send it faster, or in parts");
                this.refuse(Close::new(4408, reason))
            }
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
