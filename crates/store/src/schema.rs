//! The one path to a schema: numbered migrations, each in one transaction.

use rusqlite::{Connection, TransactionBehavior};

/// "phak": marks a database file as a store of this program.
pub(crate) const APPLICATION_ID: i32 = 0x7068_616b;

/// All migrations in order. A released one is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001-init.sql"),
    include_str!("../migrations/0002-audit.sql"),
    include_str!("../migrations/0003-pending.sql"),
    include_str!("../migrations/0004-trust.sql"),
    include_str!("../migrations/0005-consent.sql"),
    include_str!("../migrations/0006-rotation.sql"),
    include_str!("../migrations/0007-carried.sql"),
    include_str!("../migrations/0008-search.sql"),
    include_str!("../migrations/0009-vault.sql"),
];

/// The version of the schema after all migrations.
pub(crate) fn version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The version that a database has.
pub(crate) fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Applies the migrations that a database lacks.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    apply(connection, MIGRATIONS)
}

/// Applies those of `migrations` that a database lacks.
pub(crate) fn apply(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let done = usize::try_from(version_of(connection)?).unwrap_or(usize::MAX);
    for (index, migration) in migrations.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the schema after all migrations with `tests/schema.txt`, and rewrites that file
    /// when it differs: the difference is for the reviewer.
    #[test]
    fn the_final_schema_is_the_reviewed_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
            .unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        let found: String = rows.map(|sql| sql.unwrap() + ";\n\n").collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema.txt");
        let reviewed = std::fs::read_to_string(path).unwrap_or_default();
        if found != reviewed {
            std::fs::write(path, &found).unwrap();
            panic!("the schema changed; review the difference in {path}");
        }
    }

    #[test]
    fn invitations_of_the_first_schema_need_no_approval_and_stay_good() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let old = "INSERT INTO invite (secret_hash, name, area, role, created_ms, expires_ms)
                   VALUES (zeroblob(32), 'TH-90', '90', 'province', 1, 2)";
        connection.execute(old, []).unwrap();
        migrate(&mut connection).unwrap();
        let invites = crate::invite::list(&connection).unwrap();
        let found: Vec<_> = invites
            .iter()
            .map(|one| (one.approval, &one.closed))
            .collect();
        assert_eq!(found, [(false, &None)]);
    }

    #[test]
    fn every_migration_file_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), MIGRATIONS.len());
    }
}
