//! `quarry upstream` as a process: an unreliable upstream.

use std::collections::BTreeMap;
use std::path::Path;

use super::process::Process;

/// A running upstream.
pub(crate) struct Upstream {
    process: Process,
    address: String,
}

/// The statistics that an upstream prints at its end.
#[derive(Debug)]
pub(crate) struct UpstreamStats {
    pub(crate) requests: u64,
    /// Responses by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) faults: u64,
}

impl Upstream {
    /// Serves generated messages, with the faults of the same seed.
    pub(crate) async fn start(faults: &str, seed: u64) -> Self {
        Self::start_with(&["--faults", faults, "--seed", &seed.to_string()]).await
    }

    /// Serves a file of messages.
    pub(crate) async fn serving(file: &Path, faults: &str, seed: u64) -> Self {
        let file = file.to_str().expect("a path in UTF-8");
        Self::start_with(&["--file", file, "--faults", faults, "--seed", &seed.to_string()]).await
    }

    async fn start_with(options: &[&str]) -> Self {
        let arguments = [&["upstream", "--listen", "127.0.0.1:0"], options].concat();
        let mut process = Process::start(Path::new("."), &arguments, &[]);
        let address = process
            .line("its address", |line| {
                let (_, rest) = line.strip_prefix("by offset")?.split_once("http://")?;
                Some(rest.split_once('/')?.0.to_owned())
            })
            .await;
        Self { process, address }
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops it and returns its statistics.
    pub(crate) async fn stop(self) -> UpstreamStats {
        self.process.terminate();
        let ended = self.process.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let mut served = UpstreamStats { requests: 0, statuses: BTreeMap::new(), faults: 0 };
        for line in ended.stdout.lines() {
            let Some((label, number)) = line.rsplit_once(' ') else { continue };
            let Ok(number) = number.replace(',', "").parse() else { continue };
            match label.trim() {
                "requests" => served.requests = number,
                "faults" => served.faults = number,
                label => {
                    if let Ok(status) = label.parse() {
                        served.statuses.insert(status, number);
                    }
                }
            }
        }
        served
    }
}
