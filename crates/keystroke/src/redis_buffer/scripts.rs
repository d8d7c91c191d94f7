//! The Lua scripts: called by hash, and loaded when Redis does not know them.

use redis::{Cmd, ErrorKind, Pipeline, RedisResult, ServerErrorKind, Value, cmd};

use quarry_runtime::redis_link::{Link, LinkError};

/// The scripts except that of appends. The head of each file describes it.
pub(super) struct Scripts {
    pub(super) peek: LuaScript,
    pub(super) claim: LuaScript,
    pub(super) ack: LuaScript,
    pub(super) erase: LuaScript,
    pub(super) health: LuaScript,
}

/// A script and its hash.
pub(super) struct LuaScript {
    source: &'static str,
    hash: String,
}

macro_rules! script {
    ($file:literal) => {
        LuaScript::new(concat!(include_str!("scripts/run.lua"), include_str!($file)))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            peek: script!("scripts/peek.lua"),
            claim: script!("scripts/claim.lua"),
            ack: script!("scripts/ack.lua"),
            erase: script!("scripts/erase.lua"),
            health: script!("scripts/health.lua"),
        }
    }
}

/// Returns the script of appends, which have a connection of their own.
pub(super) fn append_script() -> LuaScript {
    script!("scripts/append.lua")
}

impl LuaScript {
    fn new(source: &'static str) -> Self {
        Self { source, hash: redis::Script::new(source).get_hash().to_owned() }
    }

    /// Creates a call with these keys; the caller adds arguments.
    pub(super) fn call(&self, keys: &[String]) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len()).arg(keys);
        call
    }

    /// Makes the calls in one round trip; after a restart of Redis, in three.
    ///
    /// Any failed call fails all.
    pub(super) async fn run(&self, link: &Link, calls: Vec<Cmd>) -> Result<Vec<Value>, LinkError> {
        self.answers(link, calls).await?.into_iter().collect()
    }

    /// The same, with the answer to each call.
    ///
    /// A call of an unknown script has no effect, so it may be repeated.
    pub(super) async fn answers(
        &self,
        link: &Link,
        calls: Vec<Cmd>,
    ) -> Result<Vec<Result<Value, LinkError>>, LinkError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = link.deadline();
        let mut answers = link.send(&mut pipeline(&calls), deadline).await?;
        let unknown: Vec<usize> =
            answers.iter().enumerate().filter(|(_, answer)| is_unknown(answer)).map(|(at, _)| at).collect();
        if !unknown.is_empty() {
            let mut load = cmd("SCRIPT");
            load.arg("LOAD").arg(self.source);
            // Before the calls: the nodes of a cluster take commands in no common order.
            link.send(&mut pipeline(&[load]), deadline).await?.into_iter().next().transpose()?;
            let again: Vec<Cmd> = unknown.iter().map(|at| calls[*at].clone()).collect();
            let again = link.send(&mut pipeline(&again), deadline).await?;
            for (at, answer) in unknown.into_iter().zip(again) {
                answers[at] = answer;
            }
        }
        Ok(answers.into_iter().map(|answer| answer.map_err(LinkError::from)).collect())
    }
}

fn pipeline(calls: &[Cmd]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(calls.len());
    for call in calls {
        pipeline.add_command(call.clone());
    }
    pipeline
}

fn is_unknown(answer: &RedisResult<Value>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript))
}
