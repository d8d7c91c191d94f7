//! `wrk`, with a script of simulated users.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::typing::SEARCHES;

/// The script of requests.
pub(crate) struct Script(PathBuf);

/// The measured load.
#[derive(Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) requests: f64,
    pub(crate) a_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Script {
    pub(crate) fn write(folder: &Path) -> Self {
        let path = folder.join("typing.lua");
        let searches = SEARCHES.map(|search| format!("'{search}'")).join(", ");
        let script = format!("local searches = {{ {searches} }}\n{}", include_str!("typing.lua"));
        std::fs::write(&path, script).unwrap();
        Self(path)
    }

    /// Sends the keystrokes of `people` users, whose sessions begin with `prefix`.
    pub(crate) fn run(
        &self,
        url: &str,
        connections: usize,
        seconds: u64,
        prefix: &str,
        people: usize,
        document: &str,
    ) -> Load {
        let mut command = Command::new("wrk");
        command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"]);
        command.arg(&self.0).args([url, "--", prefix, &people.to_string(), document]);
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let failed = ["Non-2xx", "Socket errors"].iter().any(|problem| output.contains(problem));
        assert!(!failed && output.contains("Requests/sec:"), "{url}: {output}");
        let word_after = |label: &str| {
            let line = output.lines().find(|line| line.trim_start().starts_with(label)).unwrap();
            line.split_whitespace().nth(1).unwrap()
        };
        let requests = output.lines().find(|line| line.contains(" requests in ")).unwrap();
        Load {
            requests: requests.split_whitespace().next().unwrap().parse().unwrap(),
            a_second: word_after("Requests/sec:").parse().unwrap(),
            p50_ms: milliseconds(word_after("50%")),
            p99_ms: milliseconds(word_after("99%")),
        }
    }
}

fn milliseconds(text: &str) -> f64 {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap());
    let factor = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        _ => panic!("{text} is no time of wrk"),
    };
    number.parse::<f64>().unwrap() * factor
}
