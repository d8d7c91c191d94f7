//! The program as operators meet it: readiness, metrics, stopping, traces.

mod open_files;
mod proxy;
mod readiness;
mod stopping;
mod traces;
mod workers;

use std::collections::BTreeMap;

use crate::support::server::client;

/// The samples at an address, by name and labels; none if there are none.
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
