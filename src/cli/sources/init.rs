//! `quarry sources init URL`.

use std::process::ExitCode;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use url::Url;

use super::super::output::{note_line, say_line};
use crate::config::Secret;
use crate::crawl::{ProposalRequest, propose};
use crate::domain::SourceName;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The address of a list in an API
    url: String,
    /// The name of the source [default: from the address]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<SourceName>,
    /// A header that the API needs, as 'Name: value'; the table names a variable in place of the value
    #[arg(long = "header", value_name = "HEADER", value_parser = parse_header)]
    headers: Vec<(String, Secret)>,
    /// The list of a GraphQL API: a field of its root [default: the first suitable one]
    #[arg(long, value_name = "FIELD")]
    list: Option<String>,
}

pub(super) async fn run(args: InitArgs) -> Result<ExitCode> {
    let InitArgs { url, name, headers, list } = args;
    let request = ProposalRequest { url: parse_url(&url)?, name, headers, list };
    let proposal = propose(&request).await.map_err(|error| match error {
        crate::crawl::ProposalError::Fetch(cause) if matches!(cause.status, Some(401 | 403)) => {
            anyhow!("the API returned {cause}: pass its credentials by --header 'Authorization: …'")
        }
        error => anyhow!(error),
    })?;
    say_line!("{}", proposal.toml.trim_end())?;
    ensure!(
        proposal.unclear.is_empty(),
        "the API does not show which member of its items is the {}: choose one in the lines with `unclear`",
        proposal.unclear.join(" and the ")
    );
    if !proposal.is_verified {
        note_line!("warning: not all of this is verified: read the comments, then run `quarry try` on it");
    }
    Ok(ExitCode::SUCCESS)
}

fn parse_url(text: &str) -> Result<Url> {
    // The message does not quote the address, which may contain a password.
    let url = Url::parse(text).map_err(|error| anyhow!("the address is not a URL: {error}"))?;
    ensure!(matches!(url.scheme(), "http" | "https"), "the address does not begin with http:// or https://");
    Ok(url)
}

fn parse_name(text: &str) -> Result<SourceName, String> {
    SourceName::parse(text).map_err(|error| error.to_string())
}

fn parse_header(text: &str) -> Result<(String, Secret), String> {
    let (name, value) = text.split_once(':').ok_or("a header is 'Name: value'")?;
    let name = http::HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| "not a header name")?;
    Ok((name.as_str().to_owned(), Secret::new(value.trim())))
}
