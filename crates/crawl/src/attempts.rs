//! A few attempts at a request whose result a person waits for.

use std::time::Duration;

use super::upstream::FetchError;

/// The longest pause between attempts.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The number of attempts, and the pauses between them.
#[derive(Clone, Copy)]
pub(super) struct Attempts {
    pub(super) most: u32,
    /// The number of attempts that may be refused: some upstreams refuse what they accept a moment later.
    pub(super) most_refused: u32,
    pub(super) least_pause: Duration,
    /// The longest pause that an upstream may request.
    pub(super) max_retry_after: Duration,
}

impl Attempts {
    /// Sends a request again after failures, and collects their causes.
    pub(super) async fn make<T, F: Future<Output = Result<T, FetchError>>>(
        self,
        failures: &mut Vec<String>,
        send: impl Fn() -> F,
    ) -> Result<T, FetchError> {
        let mut refused = 0;
        loop {
            let error = match send().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            failures.push(error.to_string());
            refused += u32::from(error.is_refusal);
            if failures.len() >= self.most as usize || error.is_refusal && refused >= self.most_refused {
                return Err(error);
            }
            let requested = error.retry_after.unwrap_or_default().min(self.max_retry_after);
            tokio::time::sleep(self.least_pause.max(requested).min(MAX_PAUSE)).await;
        }
    }
}
