//! The HTTP client that exports spans to a collector.
//!
//! Code that creates spans never waits for it: a bounded queue collects them, and a thread of its own
//! sends them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use tokio::runtime::Handle;

/// The timeout of one export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// The client of a collector, for threads outside the runtime.
pub(super) struct CollectorClient {
    client: Client,
    runtime: Handle,
    is_failing: AtomicBool,
}

impl CollectorClient {
    /// Creates a client on the current runtime, without connecting yet.
    pub(super) fn new() -> reqwest::Result<Self> {
        // An error means that the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || Client::builder().redirect(Policy::none()).timeout(EXPORT_TIMEOUT);
        // A machine without root certificates can still send over plain HTTP.
        let client = builder().build().or_else(|_| ClientBuilder::tls_certs_only(builder(), []).build())?;
        Ok(Self { client, runtime: Handle::current(), is_failing: AtomicBool::new(false) })
    }

    /// Logs the first failure in a row, and the first success after it.
    fn record(&self, failure: Option<&str>) {
        let was_failing = self.is_failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !was_failing => tracing::warn!(reason, "traces cannot be sent and are dropped"),
            None if was_failing => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let response = client.execute(request.try_into()?).await?;
            let mut head = Response::builder().status(response.status());
            if let Some(headers) = head.headers_mut() {
                *headers = response.headers().clone();
            }
            Ok::<_, reqwest::Error>((head, response.bytes().await?))
        });
        // Addresses and responses of a collector do not belong into the log.
        let failed = |reason: &'static str| {
            self.record(Some(reason));
            HttpError::from(reason)
        };
        let (head, body) = match sending.await {
            Ok(Ok(received)) => received,
            Ok(Err(error)) if error.is_timeout() => return Err(failed("the collector does not answer")),
            Ok(Err(error)) if error.is_connect() => return Err(failed("the collector cannot be reached")),
            Ok(Err(_)) => return Err(failed("the connection to the collector broke")),
            Err(_) => return Err(failed("the process is ending")),
        };
        let response = head.body(body)?;
        let refused = !response.status().is_success();
        self.record(refused.then_some("the collector refuses them"));
        Ok(response)
    }
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectorClient")
    }
}
