//! `wrk`, and the load that it measures.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The measured load.
#[derive(Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) requests: f64,
    pub(crate) a_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Load {
    /// Runs `wrk` with one thread; all responses must have a status of success.
    pub(crate) fn of(
        url: &str,
        connections: usize,
        seconds: u64,
        script: Option<&Path>,
        arguments: &[&str],
    ) -> Self {
        let mut command = Command::new("wrk");
        command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s")]);
        if let Some(script) = script {
            command.arg("-s").arg(script);
        }
        command.arg(url);
        if !arguments.is_empty() {
            command.arg("--").args(arguments);
        }
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let failed = ["Non-2xx", "Socket errors"].iter().any(|problem| output.contains(problem));
        assert!(!failed && output.contains("Requests/sec:"), "{url}: {output}");
        let word_after = |label: &str| {
            let line = output.lines().find(|line| line.trim_start().starts_with(label)).unwrap();
            line.split_whitespace().nth(1).unwrap()
        };
        let requests = output.lines().find(|line| line.contains(" requests in ")).unwrap();
        Self {
            requests: requests.split_whitespace().next().unwrap().parse().unwrap(),
            a_second: word_after("Requests/sec:").parse().unwrap(),
            p50_ms: milliseconds(word_after("50%")),
            p99_ms: milliseconds(word_after("99%")),
        }
    }

    /// Reads the output of `redis-benchmark --csv`.
    pub(crate) fn of_redis_benchmark(output: &str, requests: f64) -> Self {
        // In reverse order: maximum, p99, p95, p50, minimum, average, calls a second.
        let row = output.lines().last().unwrap().rsplit(',').take(7);
        let row: Vec<f64> = row.map(|field| field.trim_matches('"').parse().unwrap()).collect();
        Self { requests, a_second: row[6], p50_ms: row[3], p99_ms: row[1] }
    }

    /// Returns the load of median rate.
    pub(crate) fn median(mut loads: Vec<Self>) -> Self {
        loads.sort_by(|a, b| a.a_second.total_cmp(&b.a_second));
        loads[loads.len() / 2]
    }
}

/// Writes a script that posts bodies in turn, with headers besides the content type as Lua.
///
/// The first argument of the script, if any, is the number of the first body.
pub(crate) fn posting_script(path: &Path, content_type: &str, headers: &str, bodies: &[String]) -> PathBuf {
    // LuaJIT limits the constants of a script, so the bodies are lines of a file.
    let file = path.with_extension("bodies");
    let lines: Vec<String> = bodies.iter().map(|body| body.replace('\n', "\u{1}")).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let script = format!(
        r#"local bodies = {{}}
for line in io.lines("{}") do
  bodies[#bodies + 1] = line:gsub("\1", "\n")
end
local at = 0
local headers = {{ ["content-type"] = "{content_type}"{headers} }}
function init(arguments)
  at = tonumber(arguments[1]) or 0
end
function request()
  at = at % #bodies + 1
  return wrk.format("POST", nil, headers, bodies[at])
end
"#,
        file.display()
    );
    std::fs::write(path, script).unwrap();
    path.to_owned()
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
