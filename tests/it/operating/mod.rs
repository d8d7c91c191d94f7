//! Operation: readiness, metrics, shutdown, traces and proxies.

mod open_files;
mod proxy;
mod readiness;
mod stopping;
mod traces;
mod workers;

use std::collections::BTreeMap;

use crate::support::server::client;

/// The samples of `/metrics` by name and labels; `None` for any other status than 200.
async fn samples(address: &str) -> Option<BTreeMap<String, f64>> {
    let response = client().get(format!("http://{address}/metrics")).send().await.unwrap();
    if response.status() != 200 {
        return None;
    }
    let text = response.text().await.unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(
        lines
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').unwrap();
                (name.to_owned(), value.parse().unwrap())
            })
            .collect(),
    )
}
