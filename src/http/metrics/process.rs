//! Metrics of the process, under the names that all Prometheus clients use.
//!
//! Deliberately Linux only: other systems have no `/proc`.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use quarry_runtime::metrics::Series;

/// Clock ticks per second in `/proc`.
const TICKS: f64 = 100.0;

/// The start of the process.
static STARTED: LazyLock<(Instant, SystemTime)> = LazyLock::new(|| (Instant::now(), SystemTime::now()));

/// Records the start of the process on the first call.
pub(super) fn record_start() {
    LazyLock::force(&STARTED);
}

/// Registers the version and the uptime of the server.
pub(super) fn register_build(registry: &mut Registry) {
    registry.register(
        "build_info",
        "The running version; always 1",
        Series::from_iter([([("version", env!("CARGO_PKG_VERSION"))], ConstGauge::new(1_u32))]),
    );
    let uptime = STARTED.0.elapsed().as_secs_f64();
    registry.register("uptime_seconds", "Time since the server was created", ConstGauge::new(uptime));
}

/// Registers the resources of the process.
pub(super) fn register(registry: &mut Registry) {
    let mut gauge = |name, help, value| {
        if let Some(value) = value {
            registry.register(name, help, ConstGauge::<f64>::new(value));
        }
    };
    let started = STARTED.1.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
    gauge("process_start_time_seconds", "Unix time of the process's start", Some(started));
    gauge("process_resident_memory_bytes", "Resident memory, in bytes", resident_bytes());
    gauge("process_open_fds", "Open files and sockets", open_files());
    gauge("process_max_fds", "Maximum number of open files and sockets", max_files());
    if let Some(seconds) = cpu_seconds() {
        registry.register(
            "process_cpu_seconds",
            "Processor time in user and system mode",
            ConstCounter::new(seconds),
        );
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1_024.0)
}

fn open_files() -> Option<f64> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(files).ok().map(f64::from)
}

fn max_files() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may contain brackets and spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_reports_all_resources() {
        assert!(resident_bytes().unwrap() > 1e6);
        assert!(open_files().unwrap() >= 3.0);
        assert!(max_files().unwrap() >= open_files().unwrap());
        let before = cpu_seconds().unwrap();
        while cpu_seconds().unwrap() <= before {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
    }
}
