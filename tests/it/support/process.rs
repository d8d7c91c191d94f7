//! The program as a process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::wait::until;

/// The lines that a process has written so far.
type Lines = Arc<Mutex<Vec<String>>>;

/// A running `quarry`; killed when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdout: Lines,
    stderr: Lines,
    readers: Vec<JoinHandle<()>>,
}

/// The exit code and the output of a process.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    /// `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts `quarry` in a folder, with these environment variables only.
    pub(crate) fn start<S: AsRef<OsStr>>(folder: &Path, arguments: &[S], variables: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_quarry")), folder, arguments, variables)
    }

    /// Starts it in a shell after a prelude such as `ulimit` or `umask`.
    pub(crate) fn start_in_shell<S: AsRef<OsStr>>(
        folder: &Path,
        prelude: &str,
        arguments: &[S],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{prelude} && exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_quarry"));
        Self::spawn(command, folder, arguments, variables)
    }

    fn spawn<S: AsRef<OsStr>>(
        mut command: Command,
        folder: &Path,
        arguments: &[S],
        variables: &[(&str, &str)],
    ) -> Self {
        let name = arguments.first().map(|word| word.as_ref().to_string_lossy().into_owned());
        command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (stdout, stderr) = (Lines::default(), Lines::default());
        let readers = vec![
            read(child.stdout.take().expect("piped"), stdout.clone()),
            read(child.stderr.take().expect("piped"), stderr.clone()),
        ];
        Self { name: name.unwrap_or_default(), child, stdout, stderr, readers }
    }

    /// Returns its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        joined(&self.stdout)
    }

    /// Returns its standard error so far: the log, and progress.
    pub(crate) fn stderr(&self) -> String {
        joined(&self.stderr)
    }

    /// Waits for a line of output from which `read` returns a value.
    pub(crate) async fn line<T>(&mut self, what: &str, read: impl Fn(&str) -> Option<T>) -> T {
        let what = format!("{what} from `quarry {}`", self.name);
        let mut ended = false;
        until(&what, async || {
            let lines = [&self.stdout, &self.stderr].map(|lines| lines.lock().expect("not poisoned"));
            let found = lines.iter().flat_map(|lines| lines.iter()).find_map(|line| read(line));
            drop(lines);
            // Its last lines are read after its end.
            assert!(found.is_some() || !ended, "no {what}; it wrote:\n{}{}", self.stdout(), self.stderr());
            ended = self.child.try_wait().expect("a status").is_some()
                && self.readers.iter().all(JoinHandle::is_finished);
            found
        })
        .await
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns true until it has ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_none()
    }

    /// Sends SIGTERM, as a service manager does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends SIGHUP, which reloads the settings.
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Suspends it, with all that it holds, until [`Self::unpause`].
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Resumes it after [`Self::pause`].
    pub(crate) fn unpause(&self) {
        self.signal("CONT");
    }

    /// Returns its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// Returns its peak resident memory in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field of the status");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes << 10
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill runs");
        assert!(sent.success(), "`quarry {}` has ended already", self.name);
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) -> ProcessOutput {
        self.child.kill().expect("can be killed");
        let status = self.child.wait().expect("ends");
        self.ended(status)
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> ProcessOutput {
        let what = format!("the end of `quarry {}`", self.name);
        let status = until(&what, async || self.child.try_wait().expect("a status")).await;
        self.ended(status)
    }

    fn ended(&mut self, status: ExitStatus) -> ProcessOutput {
        for reader in self.readers.drain(..) {
            reader.join().expect("reads to the end");
        }
        ProcessOutput { code: status.code(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "a failed test shows its output")]
    fn drop(&mut self) {
        if self.is_running() {
            if std::thread::panicking() {
                eprintln!("`quarry {}` wrote:\n{}{}", self.name, self.stdout(), self.stderr());
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn read(stream: impl Read + Send + 'static, lines: Lines) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            lines.lock().expect("not poisoned").push(text);
            line.clear();
        }
    })
}

fn joined(lines: &Lines) -> String {
    lines.lock().expect("not poisoned").iter().map(|line| format!("{line}\n")).collect()
}
