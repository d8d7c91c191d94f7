//! A client of event streams, as `graphql-sse` has them.

use reqwest::Response;
use serde_json::Value;

use super::wait::ends;

/// A stream under way.
pub(crate) struct Events {
    response: Response,
    unread: Vec<u8>,
}

/// An event.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// An answer.
    Next(Value),
    /// The end.
    Complete,
}

impl Events {
    /// The events of an answer, which must be a stream of them.
    pub(crate) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-accel-buffering"), "no");
        Self { response, unread: Vec::new() }
    }

    /// The next block of lines; none at the end.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block = self.unread.drain(..end + 2).collect();
                return Some(String::from_utf8(block).unwrap());
            }
            let chunk = ends("silence", self.response.chunk()).await;
            self.unread.extend_from_slice(&chunk.unwrap()?);
        }
    }

    /// The next event, comments passed over; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name))?;
                Some(line.trim_start_matches(':').trim_start().to_owned())
            };
            let Some(kind) = field("event") else { continue };
            // Without this line, browsers would not tell of the event.
            let data = field("data").unwrap_or_else(|| panic!("no data: {block}"));
            return Some(match kind.as_str() {
                "next" => Event::Next(serde_json::from_str(&data).unwrap()),
                "complete" if data.is_empty() => Event::Complete,
                _ => panic!("{block}"),
            });
        }
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Value {
        match self.next().await {
            Some(Event::Next(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }
}
