//! `quarry key`.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use chrono::{SubsecRound, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::output::{note_line, say_line};
use crate::access::ApiKey;
use crate::config::{KeyConfig, parse_time};
use crate::domain::{KeyName, Origin, Scope, Timestamp};

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Generate a key: prints it once, with its table for quarry.toml
    New(NewArgs),
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// A scope of the key; repeat the option for several
    #[arg(long, value_enum, required = true, ignore_case = true, value_delimiter = ',')]
    scope: Vec<ScopeArg>,
    /// The name in the log (operations with ADMIN) and in metrics [default: scopes and time]
    #[arg(long)]
    name: Option<String>,
    /// The expiry: a duration such as 90d, a day such as 2027-01-31, or a time [default: never]
    #[arg(long, value_name = "DURATION_OR_DATE")]
    expires: Option<String>,
    /// An origin whose pages may use the key, as `https://shop.example`; repeat the option for several [default: all]
    #[arg(long, value_delimiter = ',')]
    origin: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum ScopeArg {
    /// Search, and log keystrokes and clicks
    Search,
    /// Read reports and the search log
    Reports,
    /// Change documents, start and follow crawls, erase personal data
    Admin,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Search => Self::Search,
            ScopeArg::Reports => Self::Reports,
            ScopeArg::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(command: KeyCommand) -> Result<ExitCode> {
    let KeyCommand::New(args) = command;
    let mut scopes: Vec<Scope> = args.scope.into_iter().map(Scope::from).collect();
    scopes.sort_unstable();
    scopes.dedup();
    // Whole seconds are readable in quarry.toml.
    let now = Utc::now().trunc_subsecs(0);
    let name = match args.name {
        Some(name) => KeyName::parse(&name)
            .map_err(|_| anyhow!("the name {name:?} is not 1 to 64 letters, digits, `-`, `_` and `.`"))?,
        None => default_name(&scopes, now)?,
    };
    let expires = args.expires.map(|text| expiry(&text, now)).transpose()?;
    let origins = args.origin.iter().map(|text| {
        Origin::parse(text).map_err(|_| {
            anyhow!(
                "{text:?} is not an origin of a page: give scheme, host and port, as in https://shop.example"
            )
        })
    });
    let origins = origins.collect::<Result<Vec<_>>>()?;
    let key = ApiKey::generate().context("the operating system returned no random numbers")?;
    let config = KeyConfig { name, hash: key.hash(), scopes, expires, origins };
    note_line!("The key, which is shown only once, and its table for quarry.toml:\n");
    say_line!("{}\n\n{}", key.expose(), config.to_toml().trim_end())?;
    note_line!("\nA running server loads it on SIGHUP. Clients send `Authorization: Bearer KEY`.");
    Ok(ExitCode::SUCCESS)
}

/// The default name of a key: its scopes and the time of generation.
fn default_name(scopes: &[Scope], now: Timestamp) -> Result<KeyName> {
    let mut words: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_lowercase()).collect();
    words.push(now.format("%Y%m%d-%H%M%S").to_string());
    Ok(KeyName::parse(&words.join("-"))?)
}

fn expiry(text: &str, now: Timestamp) -> Result<Timestamp> {
    let after = || {
        let span = humantime::parse_duration(text).ok()?;
        now.checked_add_signed(TimeDelta::from_std(span).ok()?)
    };
    let Some(expires) = parse_time(text).or_else(after) else {
        bail!(
            "{text:?} is neither a duration such as 90d, nor a day such as 2027-01-31, nor a time such as \
             2027-01-31T12:00:00Z"
        );
    };
    if expires <= now {
        bail!("--expires {text} is not in the future, so the key would open nothing");
    }
    Ok(expires)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_duration_a_day_or_a_time() {
        let now = parse_time("2026-11-21T12:00:00Z").unwrap();
        for (text, expires) in [
            ("90d", "2027-02-19T12:00:00Z"),
            ("36h", "2026-11-23T00:00:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ] {
            assert_eq!(expiry(text, now).unwrap(), parse_time(expires).unwrap(), "{text}");
        }
        for text in ["", "soon", "90", "2026-11-21", "0s", "-3d", "99999999years"] {
            assert!(expiry(text, now).is_err(), "{text}");
        }
    }
}
