//! Fingerprints as keys of tables: numbers with a sign, in the same order.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::alert::state::Fingerprint;

/// What makes the least number without a sign the least one with a sign.
const LEAST: u64 = 1 << 63;

pub(super) fn key(of: Fingerprint) -> i64 {
    (of.0 ^ LEAST).cast_signed()
}

impl ToSql for Fingerprint {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(key(*self).into())
    }
}

impl FromSql for Fingerprint {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|key| Self(key.cast_unsigned() ^ LEAST))
    }
}
