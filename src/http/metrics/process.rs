//! The process, under the names that every program's metrics have.
//!
//! It deliberately lacks other systems than Linux, which tells all this in files.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use super::page::{Page, label, number};

/// Clock ticks in a second, as Linux tells the time of processes.
const TICKS: f64 = 100.0;

/// When the page was first thought of: at the start.
static BEGUN: LazyLock<(Instant, SystemTime)> = LazyLock::new(|| (Instant::now(), SystemTime::now()));

/// Notes when the process began, unless that is known.
pub(super) fn begin() {
    LazyLock::force(&BEGUN);
}

/// What the process is, and what it takes.
pub(super) fn tell(page: &mut Page) {
    page.gauges(
        "build_info",
        "The version that runs; always 1",
        vec![(label("version", env!("CARGO_PKG_VERSION")), 1.0)],
    );
    let (begun, at) = *BEGUN;
    page.gauge("uptime_seconds", "Since the server was put together", begun.elapsed().as_secs_f64());
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    page.common_gauge("process_start_time_seconds", "When the process began, in Unix time", at.as_secs_f64());
    if let Some(bytes) = resident_bytes() {
        page.common_gauge("process_resident_memory_bytes", "Memory that is resident, in bytes", bytes);
    }
    if let Some(files) = open_files() {
        page.common_gauge("process_open_fds", "Files and sockets that are open", files);
    }
    if let Some(most) = most_files() {
        page.common_gauge("process_max_fds", "Files and sockets that may be open at once", most);
    }
    if let Some(seconds) = processor_seconds() {
        page.common_count("process_cpu_seconds_total", "Processor time, of the user and the system", seconds);
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1_024.0)
}

fn open_files() -> Option<f64> {
    Some(number(std::fs::read_dir("/proc/self/fd").ok()?.count()))
}

fn most_files() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_all_of_it() {
        assert!(resident_bytes().unwrap() > 1e6);
        assert!(open_files().unwrap() >= 3.0);
        assert!(most_files().unwrap() >= open_files().unwrap());
        let before = processor_seconds().unwrap();
        while processor_seconds().unwrap() <= before {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
    }
}
