//! `redis-benchmark` with the calls of `append`.

use std::process::Command;

use crate::load::Load;
use crate::redis_server::OwnRedis;

/// The script of `append`.
const APPEND: &str = concat!(
    include_str!("../../crates/keystroke/src/redis_buffer/scripts/run.lua"),
    include_str!("../../crates/keystroke/src/redis_buffer/scripts/append.lua")
);

/// Makes `calls` calls, under keys with a prefix, for the runs of `people` users.
///
/// Requires that the buffer has loaded its script.
pub(crate) fn run(redis: &OwnRedis, connections: usize, calls: u64, prefix: &str, people: usize) -> Load {
    let hash = redis::Script::new(APPEND).get_hash().to_owned();
    let mut connection = redis.connect();
    let known: Vec<bool> = redis::cmd("SCRIPT").arg("EXISTS").arg(&hash).query(&mut connection).unwrap();
    assert_eq!(known, [true], "the buffer sends another script");
    let mut command = Command::new("redis-benchmark");
    command.args(["--csv", "--precision", "3", "-c", &connections.to_string(), "-n", &calls.to_string()]);
    command.args(["-p", &redis.port().to_string(), "-r", &people.to_string()]);
    let output = String::from_utf8(command.args(call(prefix, &hash)).output().unwrap().stdout).unwrap();
    let counts = format!("{prefix}:{{ks-00}}:counts");
    let taken: u64 = redis::cmd("HGET").arg(counts).arg("a").query(&mut connection).unwrap();
    assert_eq!(taken, calls, "{output}");
    Load::of_redis_benchmark(&output, calls as f64)
}

/// The call for an anonymous keystroke in the middle of a text.
///
/// Each `__rand_int__` becomes another number, so the name of a run in `due` differs from that in its key, which
/// takes the same time.
fn call(prefix: &str, hash: &str) -> Vec<String> {
    let base = format!("{prefix}:{{ks-00}}:");
    let mut call = vec!["EVALSHA".to_owned(), hash.to_owned(), "6".to_owned()];
    call.extend(["due", "counts"].map(|key| format!("{base}{key}")));
    call.extend(["r", "l", "s", "f"].map(|kind| format!("{base}{kind}:name__rand_int__")));
    // The window, the limits of a run, keystrokes, rate limit and its period, the lifetime of watermarks, bytes.
    let limits = ["5000", "1000", "600000", "1000000000", "1000000000", "10000", "600000", "1000000000000"];
    call.extend(limits.map(str::to_owned));
    let session = format!("{prefix}-{}__rand_int__", "0".repeat(23 - prefix.len()));
    call.extend(["name__rand_int__", &session, "", "", "8000000000000007", "0"].map(str::to_owned));
    // The digest of its text.
    call.push("d".repeat(8));
    // The content is opaque to the script, and an argument cannot contain its zeros.
    call.push("c".repeat(13));
    call
}
