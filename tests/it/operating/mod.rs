//! The program as operators meet it: readiness, metrics, stopping, traces.

mod open_files;
mod proxy;
mod readiness;
mod stopping;
mod traces;
mod workers;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::server::{Endpoint, client};

/// The status and the JSON at a path.
async fn json_at(endpoint: &Endpoint, path: &str) -> (u16, Value) {
    let response = client().get(format!("http://{}{path}", endpoint.address())).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

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
