//! What a failed statement means to the caller.
//!
//! Errors end in logs, and a database quotes the values it stumbles over ("Duplicate entry
//! 'Bus' for key …"): a message is only passed on where its code says that it names nothing but
//! tables, columns and servers.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::StoreError;

/// What goes wrong inside the store, before it is decided whether to try again.
pub(super) enum Failure {
    /// The database or its driver failed.
    Database(DbErr),
    /// The store itself says no.
    Store(StoreError),
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Failure::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(error)
    }
}

impl Failure {
    /// A stored value that this version cannot make sense of.
    pub(super) fn unreadable(what: &str) -> Self {
        Failure::Store(StoreError::Refused(format!("a stored {what} cannot be read")))
    }

    /// Whether the database answered, and said no.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Failure::Database(error) => judge(error).0 == Meaning::Refused,
            Failure::Store(error) => matches!(error, StoreError::Refused(_)),
        }
    }

    /// Whether the database did not answer.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Failure::Database(error) => judge(error).0 != Meaning::Refused,
            Failure::Store(error) => matches!(error, StoreError::Unavailable(_)),
        }
    }

    /// The database answers, and takes no writes.
    pub(super) fn is_unwritable(&self) -> bool {
        matches!(self, Failure::Database(error) if judge(error).0 == Meaning::Unwritable)
    }

    /// Whether the transaction lost against another one, so that it may win when repeated.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            Failure::Database(error) => judge(error).0 == Meaning::Conflict,
            Failure::Store(_) => false,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Database(error) => match judge(&error) {
                (Meaning::Refused, text) => StoreError::Refused(text),
                (_, text) => StoreError::Unavailable(text),
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A deadlock, or a lock that did not come in time.
    Conflict,
    /// The same call may work later.
    Unavailable,
    /// The same: its disk is full or fails, or it is read-only for now.
    Unwritable,
    /// The same call will fail again.
    Refused,
}

fn judge(error: &DbErr) -> (Meaning, String) {
    match error {
        DbErr::ConnectionAcquire(cause) => (Meaning::Unavailable, cause.to_string()),
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => match (&**cause, judge_driver(cause)) {
            // Whatever a server says that lets nobody in, it may say something else later: a role
            // that may not log in, a database that is being restored. It has no data to quote yet.
            (SqlxError::Database(answer), (Meaning::Refused, _))
                if answer.try_downcast_ref::<SqliteError>().is_none() =>
            {
                let code = answer.code().unwrap_or_default();
                (Meaning::Unavailable, format!("{} (code {code})", answer.message()))
            }
            (_, judged) => judged,
        },
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            judge_driver(cause)
        }
        DbErr::Conn(RuntimeErr::Internal(text)) => (Meaning::Unavailable, text.clone()),
        // The migrator's own words: they name migrations.
        DbErr::Custom(text) | DbErr::Migration(text) => (Meaning::Refused, text.clone()),
        _ => (Meaning::Refused, "a value could not be read or written".to_owned()),
    }
}

fn judge_driver(error: &SqlxError) -> (Meaning, String) {
    match error {
        SqlxError::Io(cause) => (Meaning::Unavailable, cause.to_string()),
        SqlxError::Tls(cause) => (Meaning::Unavailable, format!("TLS: {cause}")),
        SqlxError::Protocol(_) => (Meaning::Unavailable, "the connection broke the protocol".to_owned()),
        SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => (Meaning::Unavailable, error.to_string()),
        SqlxError::Database(cause) => judge_answer(cause.as_ref()),
        SqlxError::Configuration(cause) => (Meaning::Refused, cause.to_string()),
        SqlxError::ColumnDecode { index, .. } => {
            (Meaning::Refused, format!("the value of column {index} could not be read"))
        }
        SqlxError::RowNotFound | SqlxError::ColumnNotFound(_) | SqlxError::TypeNotFound { .. } => {
            (Meaning::Refused, error.to_string())
        }
        _ => (Meaning::Refused, "the database driver failed".to_owned()),
    }
}

fn judge_answer(error: &(dyn DatabaseError + 'static)) -> (Meaning, String) {
    let code = error.code().unwrap_or_default();
    let (meaning, harmless, name) = if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        let (meaning, harmless) = judge_sqlstate(&code);
        (meaning, harmless, code.to_string())
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        let (meaning, harmless) = judge_mysql(error.number());
        (meaning, harmless, error.number().to_string())
    } else {
        // SQLite's messages name columns, never values.
        (judge_sqlite(&code), true, code.to_string())
    };
    let text = if harmless { error.message() } else { "its message is withheld, since it may quote data" };
    (meaning, format!("{text} (code {name})"))
}

/// PostgreSQL's codes; their first two characters are a class.
fn judge_sqlstate(code: &str) -> (Meaning, bool) {
    let meaning = match code {
        "40001" | "40P01" | "55P03" => Meaning::Conflict,
        // Read-only, as a standby that a failover has not promoted yet; the disk is full, or fails.
        "25006" | "53100" | "58030" => Meaning::Unwritable,
        _ => match code.get(..2) {
            // Lost, not let in, no such database, no means, shutting down, broken.
            Some("08" | "28" | "3D" | "53" | "57" | "58") => Meaning::Unavailable,
            _ => Meaning::Refused,
        },
    };
    let harmless = matches!(code.get(..2), Some("08" | "28" | "3D" | "40" | "42" | "53" | "57" | "58"));
    (meaning, harmless || code == "25006")
}

/// MySQL's and MariaDB's codes.
fn judge_mysql(number: u16) -> (Meaning, bool) {
    match number {
        // A lock that did not come in time, and a deadlock; 1020: MariaDB's snapshot isolation.
        1020 | 1205 | 1213 => (Meaning::Conflict, true),
        // The system's file calls fail, the disk or a table space is full, an engine or a commit fails
        // on that; read-only, read-locked, a temporary file.
        1..=33 | 1021 | 1026 | 1030 | 1114 | 1180 | 1223 | 1290 | 1792 | 1836 | 1878 => {
            (Meaning::Unwritable, true)
        }
        // Out of memory or means, too many connections, not let in, shutting down, gone, interrupted.
        1037
        | 1038
        | 1040
        | 1041
        | 1044
        | 1045
        | 1049
        | 1053
        | 1129
        | 1135
        | 1152
        | 1158..=1161
        | 1203
        | 1206
        | 1317
        | 1927
        | 1969
        | 2006
        | 2013
        | 3024 => (Meaning::Unavailable, true),
        // Denied or unknown: table, column; syntax; a packet or text too large.
        1054 | 1064 | 1142 | 1146 | 1153 | 1406 => (Meaning::Refused, true),
        _ => (Meaning::Refused, false),
    }
}

/// SQLite's codes; the low byte is the primary one.
fn judge_sqlite(code: &str) -> Meaning {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // Busy and locked.
        Ok(5 | 6) => Meaning::Conflict,
        // Read-only, I/O error, disk full.
        Ok(8 | 10 | 13) => Meaning::Unwritable,
        // Out of memory, interrupted, cannot open, too much contention to open.
        Ok(7 | 9 | 14 | 15) => Meaning::Unavailable,
        _ => Meaning::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_connections_and_deadlocks_are_told_from_defects() {
        assert_eq!(judge_sqlstate("40P01").0, Meaning::Conflict);
        assert_eq!(judge_sqlstate("57P01").0, Meaning::Unavailable);
        assert_eq!(judge_sqlstate("42P01"), (Meaning::Refused, true));
        assert_eq!(judge_mysql(1213).0, Meaning::Conflict);
        assert_eq!(judge_mysql(1053).0, Meaning::Unavailable);
        for code in ["28000", "28P01", "3D000"] {
            assert_eq!(judge_sqlstate(code), (Meaning::Unavailable, true), "{code}");
        }
        for number in [1044, 1045, 1049] {
            assert_eq!(judge_mysql(number), (Meaning::Unavailable, true), "{number}");
        }
        for code in ["25006", "53100"] {
            assert_eq!(judge_sqlstate(code), (Meaning::Unwritable, true), "{code}");
        }
        for number in [3, 20, 28, 1021, 1026, 1030, 1114, 1290, 1836] {
            assert_eq!(judge_mysql(number), (Meaning::Unwritable, true), "{number}");
        }
        for code in ["8", "13", "778", "1034"] {
            assert_eq!(judge_sqlite(code), Meaning::Unwritable, "{code}");
        }
        // SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY.
        assert_eq!(judge_sqlite("517"), Meaning::Conflict);
        assert_eq!(judge_sqlite("1"), Meaning::Refused);
    }

    #[test]
    fn messages_that_quote_values_are_withheld() {
        // Invalid text, duplicate key, value too long.
        for code in ["22P02", "23505", "22001", ""] {
            assert!(!judge_sqlstate(code).1, "{code}");
        }
        // Duplicate entry, incorrect string, incorrect date.
        for number in [1062, 1366, 1292] {
            assert!(!judge_mysql(number).1, "{number}");
        }
    }
}
