//! The API as clients meet it: over HTTP and WebSocket, with a real store and a real index.

mod audit;
mod crawls;
mod documents;
mod errors;
mod examples;
mod http;
mod search;
mod server;
mod websocket;
