//! Processes that end with the benchmark, and what they cost.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Clock ticks in a second, in which Linux counts the time of processes.
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

/// Whether a program can be run.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn wait_for(address: SocketAddr) {
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < PATIENCE, "{address} does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a process has cost so far.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// Seconds of its own.
    pub(crate) own: f64,
    /// Seconds of the processes that it started and that have ended.
    pub(crate) ended: f64,
}

/// What a process has cost so far, and itself where that is `self`.
pub(crate) fn cpu(process: &str) -> Cpu {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in brackets, may hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap() / TICKS;
    Cpu { own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) }
}

/// Seconds of a process and all that it started.
pub(crate) fn cpu_of_family(process: u32) -> f64 {
    let spent = cpu(&process.to_string());
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let living = children.split_whitespace().map(|child| cpu(child).own);
    spent.own + spent.ended + living.sum::<f64>()
}
