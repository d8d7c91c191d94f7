//! The API as clients meet it: over HTTP and WebSocket, with a real store and a real index.

mod audit;
mod crawls;
mod disclosure;
mod documents;
mod errors;
mod event_stream;
mod examples;
mod hanging_up;
mod http;
mod keyless;
mod keys;
mod keystrokes;
mod limits;
mod merging;
mod messages;
mod metrics;
mod origins;
mod panics;
mod persisted;
mod rates;
mod request_ids;
mod search;
mod search_log;
mod server;
mod transports;
mod websocket;
