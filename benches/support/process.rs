//! Processes that end with the benchmark, and their CPU time.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The time limit for the start of a server.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Clock ticks per second, the unit of CPU time in Linux.
const TICKS: f64 = 100.0;

/// A process that ends with the benchmark.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns true if a program can be run.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn wait_for(address: SocketAddr) {
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < START_TIMEOUT, "{address} does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The CPU time of a process so far.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// Its own seconds.
    pub(crate) own: f64,
    /// Seconds of its ended child processes.
    pub(crate) ended: f64,
}

/// Returns the CPU time of a process id, or of this process for `self`.
pub(crate) fn cpu(process: &str) -> Cpu {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may contain spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap() / TICKS;
    Cpu { own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) }
}

/// Returns the CPU seconds of a process and its children.
pub(crate) fn cpu_of_family(process: u32) -> f64 {
    let spent = cpu(&process.to_string());
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let living = children.split_whitespace().map(|child| cpu(child).own);
    spent.own + spent.ended + living.sum::<f64>()
}
