//! A client of event streams by the `graphql-sse` protocol.

use reqwest::Response;
use serde_json::Value;

use super::wait::ends;

/// An open event stream.
pub(crate) struct Events {
    response: Response,
    unread: Vec<u8>,
}

/// An event.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// A result.
    Next(Value),
    /// The end of the stream.
    Complete,
}

impl Events {
    /// Reads the events of a response, which must be an event stream.
    pub(crate) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-accel-buffering"), "no");
        Self { response, unread: Vec::new() }
    }

    /// Returns the next block of lines; `None` at the end.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block = self.unread.drain(..end + 2).collect();
                return Some(String::from_utf8(block).unwrap());
            }
            let chunk = ends("an event", self.response.chunk()).await;
            self.unread.extend_from_slice(&chunk.unwrap()?);
        }
    }

    /// Returns the next event, without comments; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name))?;
                Some(line.trim_start_matches(':').trim_start().to_owned())
            };
            let Some(kind) = field("event") else { continue };
            // Without this line, browsers do not dispatch the event.
            let data = field("data").unwrap_or_else(|| panic!("no data: {block}"));
            return Some(match kind.as_str() {
                "next" => Event::Next(serde_json::from_str(&data).unwrap()),
                "complete" if data.is_empty() => Event::Complete,
                _ => panic!("{block}"),
            });
        }
    }

    /// Returns the next result.
    pub(crate) async fn answer(&mut self) -> Value {
        match self.next().await {
            Some(Event::Next(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }
}
