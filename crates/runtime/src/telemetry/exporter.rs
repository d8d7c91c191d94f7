//! Sends spans on. Whoever makes spans never waits for it: they are gathered in a queue with an end,
//! and a thread of its own sends what is in it.

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

/// The longest that sending may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The client of a collector. It works from threads outside of the runtime.
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Collector {
    /// A client on the runtime of whoever calls this; connects to nothing yet.
    pub(super) fn new() -> reqwest::Result<Self> {
        // An error means that the process already has one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || Client::builder().redirect(Policy::none()).timeout(PATIENCE);
        // A machine without root certificates can still send by plain HTTP.
        let client = builder().build().or_else(|_| ClientBuilder::tls_certs_only(builder(), []).build())?;
        Ok(Self { client, runtime: Handle::current(), is_away: AtomicBool::new(false) })
    }

    /// Says once that spans are lost, and once that they are not any more.
    fn note(&self, reason: Option<&str>) {
        let was_away = self.is_away.swap(reason.is_some(), Ordering::Relaxed);
        match reason {
            Some(reason) if !was_away => tracing::warn!(reason, "traces cannot be sent and are dropped"),
            None if was_away => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let response = client.execute(request.try_into()?).await?;
            let mut answer = Response::builder().status(response.status());
            if let Some(headers) = answer.headers_mut() {
                *headers = response.headers().clone();
            }
            Ok::<_, reqwest::Error>((answer, response.bytes().await?))
        });
        // Neither the address nor what a collector says belongs into the log.
        let failed = |reason: &'static str| {
            self.note(Some(reason));
            HttpError::from(reason)
        };
        let (answer, body) = match sending.await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) if error.is_timeout() => return Err(failed("the collector does not answer")),
            Ok(Err(error)) if error.is_connect() => return Err(failed("the collector cannot be reached")),
            Ok(Err(_)) => return Err(failed("the connection to the collector broke")),
            Err(_) => return Err(failed("the process is ending")),
        };
        let answer = answer.body(body)?;
        let refused = !answer.status().is_success();
        self.note(refused.then_some("the collector refuses them"));
        Ok(answer)
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}
