//! The classification of failed statements.
//!
//! Errors end in logs, and databases quote values in messages ("Duplicate entry 'Bus' for key …"). A message
//! is only passed on if its code guarantees that it names nothing but tables, columns and servers.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::StoreError;

/// An error within the store, before the decision on a retry.
pub(super) enum CallFailure {
    /// An error of the database or its driver.
    Database(DbErr),
    /// An error of the store itself.
    Store(StoreError),
}

impl From<DbErr> for CallFailure {
    fn from(error: DbErr) -> Self {
        CallFailure::Database(error)
    }
}

impl From<StoreError> for CallFailure {
    fn from(error: StoreError) -> Self {
        CallFailure::Store(error)
    }
}

impl CallFailure {
    /// A stored value that this version cannot parse.
    pub(super) fn unreadable(what: &str) -> Self {
        CallFailure::Store(StoreError::Refused(format!("a stored {what} cannot be read")))
    }

    /// Returns true if the database rejected the statement.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            CallFailure::Database(error) => classify(error).0 == FailureKind::Refused,
            CallFailure::Store(error) => matches!(error, StoreError::Refused(_)),
        }
    }

    /// Returns true if the database did not respond.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            CallFailure::Database(error) => classify(error).0 != FailureKind::Refused,
            CallFailure::Store(error) => matches!(error, StoreError::Unavailable(_)),
        }
    }

    /// Returns true if the database responds, but accepts no writes.
    pub(super) fn is_unwritable(&self) -> bool {
        matches!(self, CallFailure::Database(error) if classify(error).0 == FailureKind::Unwritable)
    }

    /// Returns true if another transaction caused the failure, so that a retry may succeed.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            CallFailure::Database(error) => classify(error).0 == FailureKind::Conflict,
            CallFailure::Store(_) => false,
        }
    }
}

impl From<CallFailure> for StoreError {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Store(error) => error,
            CallFailure::Database(error) => match classify(&error) {
                (FailureKind::Refused, text) => StoreError::Refused(text),
                (_, text) => StoreError::Unavailable(text),
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureKind {
    /// A deadlock or a lock timeout.
    Conflict,
    /// The same call may succeed later.
    Unavailable,
    /// The disk is full or fails, or the database is read-only; the same call may succeed later.
    Unwritable,
    /// The same call would fail again.
    Refused,
}

fn classify(error: &DbErr) -> (FailureKind, String) {
    match error {
        DbErr::ConnectionAcquire(cause) => (FailureKind::Unavailable, cause.to_string()),
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => match (&**cause, classify_driver_error(cause)) {
            // A server that rejects a connection may accept it later: a role without the right to log
            // in, a database in recovery. Before the login, messages quote no data.
            (SqlxError::Database(answer), (FailureKind::Refused, _))
                if answer.try_downcast_ref::<SqliteError>().is_none() =>
            {
                let code = answer.code().unwrap_or_default();
                (FailureKind::Unavailable, format!("{} (code {code})", answer.message()))
            }
            (_, classified) => classified,
        },
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            classify_driver_error(cause)
        }
        DbErr::Conn(RuntimeErr::Internal(text)) => (FailureKind::Unavailable, text.clone()),
        // Messages of the migrator name migrations only.
        DbErr::Custom(text) | DbErr::Migration(text) => (FailureKind::Refused, text.clone()),
        _ => (FailureKind::Refused, "a value could not be read or written".to_owned()),
    }
}

fn classify_driver_error(error: &SqlxError) -> (FailureKind, String) {
    match error {
        SqlxError::Io(cause) => (FailureKind::Unavailable, cause.to_string()),
        SqlxError::Tls(cause) => (FailureKind::Unavailable, format!("TLS: {cause}")),
        SqlxError::Protocol(_) => (FailureKind::Unavailable, "the server violated the protocol".to_owned()),
        SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => (FailureKind::Unavailable, error.to_string()),
        SqlxError::Database(cause) => classify_database_error(cause.as_ref()),
        SqlxError::Configuration(cause) => (FailureKind::Refused, cause.to_string()),
        SqlxError::ColumnDecode { index, .. } => {
            (FailureKind::Refused, format!("the value of column {index} could not be read"))
        }
        SqlxError::RowNotFound | SqlxError::ColumnNotFound(_) | SqlxError::TypeNotFound { .. } => {
            (FailureKind::Refused, error.to_string())
        }
        _ => (FailureKind::Refused, "the database driver failed".to_owned()),
    }
}

fn classify_database_error(error: &(dyn DatabaseError + 'static)) -> (FailureKind, String) {
    let code = error.code().unwrap_or_default();
    let (kind, harmless, name) = if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        let (kind, harmless) = classify_sqlstate(&code);
        (kind, harmless, code.to_string())
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        let (kind, harmless) = classify_mysql(error.number());
        (kind, harmless, error.number().to_string())
    } else {
        // SQLite's messages contain columns, never values.
        (classify_sqlite(&code), true, code.to_string())
    };
    let text = if harmless { error.message() } else { "its message is withheld, because it may quote data" };
    (kind, format!("{text} (code {name})"))
}

/// Classifies PostgreSQL's codes, whose first two characters are a class.
fn classify_sqlstate(code: &str) -> (FailureKind, bool) {
    let kind = match code {
        "40001" | "40P01" | "55P03" => FailureKind::Conflict,
        // Read-only, as a standby before its promotion; disk full or failing.
        "25006" | "53100" | "58030" => FailureKind::Unwritable,
        _ => match code.get(..2) {
            // Connection, authorization, unknown database, resources, shutdown, system error.
            Some("08" | "28" | "3D" | "53" | "57" | "58") => FailureKind::Unavailable,
            _ => FailureKind::Refused,
        },
    };
    // Besides those above: features, states of transactions and objects, statement names, limits.
    let harmless = matches!(
        code.get(..2),
        Some("08" | "0A" | "25" | "26" | "28" | "3D" | "3F" | "40" | "42" | "53" | "54" | "55" | "57" | "58")
    );
    (kind, harmless)
}

/// Classifies MySQL's and MariaDB's codes.
fn classify_mysql(number: u16) -> (FailureKind, bool) {
    match number {
        // MariaDB's snapshot isolation, lock timeout, deadlock.
        1020 | 1205 | 1213 => (FailureKind::Conflict, true),
        // Failed system calls on files; a full disk or table space, and the errors of engines and commits
        // due to it; read-only, read-locked, a temporary file.
        1..=33 | 1021 | 1026 | 1030 | 1114 | 1180 | 1223 | 1290 | 1792 | 1836 | 1878 => {
            (FailureKind::Unwritable, true)
        }
        // Out of memory or resources, too many connections, access denied, shutdown, lost, interrupted.
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
        | 3024 => (FailureKind::Unavailable, true),
        // Denied or unknown: table, column, function, privilege, collation, variable; syntax; a packet or text
        // too large; a schema that exists, or cannot be changed.
        1046 | 1050 | 1051 | 1054 | 1060 | 1061 | 1064 | 1071 | 1072 | 1091 | 1101 | 1115 | 1118 | 1142
        | 1143 | 1146 | 1153 | 1193 | 1227 | 1235 | 1267 | 1273 | 1286 | 1305 | 1364 | 1370 | 1406 | 1419
        | 3750 => (FailureKind::Refused, true),
        _ => (FailureKind::Refused, false),
    }
}

/// Classifies SQLite's codes, whose low byte is the primary code.
fn classify_sqlite(code: &str) -> FailureKind {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // Busy and locked.
        Ok(5 | 6) => FailureKind::Conflict,
        // Read-only, I/O error, disk full.
        Ok(8 | 10 | 13) => FailureKind::Unwritable,
        // Out of memory, interrupted, cannot open, locking protocol.
        Ok(7 | 9 | 14 | 15) => FailureKind::Unavailable,
        _ => FailureKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_deadlocks_and_defects_are_distinguished() {
        assert_eq!(classify_sqlstate("40P01").0, FailureKind::Conflict);
        assert_eq!(classify_sqlstate("57P01").0, FailureKind::Unavailable);
        assert_eq!(classify_sqlstate("42P01"), (FailureKind::Refused, true));
        assert_eq!(classify_mysql(1213).0, FailureKind::Conflict);
        assert_eq!(classify_mysql(1053).0, FailureKind::Unavailable);
        for code in ["28000", "28P01", "3D000"] {
            assert_eq!(classify_sqlstate(code), (FailureKind::Unavailable, true), "{code}");
        }
        for number in [1044, 1045, 1049] {
            assert_eq!(classify_mysql(number), (FailureKind::Unavailable, true), "{number}");
        }
        for code in ["25006", "53100"] {
            assert_eq!(classify_sqlstate(code), (FailureKind::Unwritable, true), "{code}");
        }
        for number in [3, 20, 28, 1021, 1026, 1030, 1114, 1290, 1836] {
            assert_eq!(classify_mysql(number), (FailureKind::Unwritable, true), "{number}");
        }
        for code in ["8", "13", "778", "1034"] {
            assert_eq!(classify_sqlite(code), FailureKind::Unwritable, "{code}");
        }
        // SQLITE_BUSY_SNAPSHOT extends SQLITE_BUSY.
        assert_eq!(classify_sqlite("517"), FailureKind::Conflict);
        assert_eq!(classify_sqlite("1"), FailureKind::Refused);
    }

    #[test]
    fn messages_that_quote_values_are_withheld() {
        // Invalid text, duplicate key, value too long.
        for code in ["22P02", "22P05", "23505", "22001", ""] {
            assert!(!classify_sqlstate(code).1, "{code}");
        }
        // Duplicate entry, incorrect string, incorrect date, invalid characters.
        for number in [1062, 1366, 1292, 1300] {
            assert!(!classify_mysql(number).1, "{number}");
        }
        // An unknown function, such as MD5 of MySQL 9.6; an unknown statement name.
        assert!(classify_mysql(1305).1 && classify_sqlstate("26000").1);
    }
}
