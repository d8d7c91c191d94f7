//! Checks of a PostgreSQL server at startup, for settings under which it would fail later.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{Connection, Error, query_scalar};
use tokio::time::timeout;

use super::StoreError;

/// The timeout of the checks: an unreachable server is reported by the pool.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Statements by which connections of a pooler are compared, each by another name.
const STATEMENTS: [&str; 3] = ["SELECT 1::int8 + 0", "SELECT 1::int8 + 1", "SELECT 1::int8 + 2"];
/// The codes of a pooler that runs the statements of one client on several connections.
///
/// Unknown statement, statement exists already, violation of the protocol.
const POOLER_CODES: [&str; 3] = ["26000", "42P05", "08P01"];

const POOLER: &str = "a connection pooler in transaction mode that does not support prepared statements answers for \
                      the database, such as PgBouncer before 1.21, or with max_prepared_statements = 0: upgrade it \
                      and set max_prepared_statements, or use pool_mode = session, or connect to PostgreSQL directly";

/// Rejects databases that cannot store all texts, and poolers that break prepared statements.
pub(super) async fn check_postgres(options: &PgConnectOptions) -> Result<(), StoreError> {
    match timeout(TIMEOUT, check(options)).await {
        Ok(Ok(())) | Err(_) => Ok(()),
        Ok(Err(CheckFailure::Rejected(problem))) => Err(StoreError::Refused(problem)),
        Ok(Err(CheckFailure::Driver(error))) => {
            let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
            match code {
                Some(code) if POOLER_CODES.contains(&code.as_str()) => {
                    Err(StoreError::Refused(POOLER.to_owned()))
                }
                // Other failures show in the first call, with a message.
                _ => Ok(()),
            }
        }
    }
}

enum CheckFailure {
    Rejected(String),
    Driver(Error),
}

impl From<Error> for CheckFailure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

async fn check(options: &PgConnectOptions) -> Result<(), CheckFailure> {
    let mut one = PgConnection::connect_with(options).await?;
    let encoding: String = query_scalar("SHOW server_encoding").fetch_one(&mut one).await?;
    if encoding != "UTF8" {
        let problem = format!(
            "the database has the encoding {encoding}, which lacks characters of other languages: create one with \
             CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        );
        return Err(CheckFailure::Rejected(problem));
    }
    // Both clients name their statements alike: on one connection of a pooler, the names collide.
    let mut other = PgConnection::connect_with(options).await?;
    for statement in STATEMENTS {
        for client in [&mut one, &mut other] {
            let _: i64 = query_scalar(statement).fetch_one(client).await?;
        }
    }
    for statement in STATEMENTS {
        // On another connection of a pooler, the name is unknown.
        let mut busy = other.begin().await?;
        let _: i64 = query_scalar(statement).fetch_one(&mut *busy).await?;
        let _: i64 = query_scalar(statement).fetch_one(&mut one).await?;
        busy.rollback().await?;
    }
    one.close().await?;
    other.close().await?;
    Ok(())
}
