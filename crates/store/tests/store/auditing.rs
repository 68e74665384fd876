//! The audit log: what is appended stays, in its order, and every alteration is found.

use phaki_replication::id::Hash;
use phaki_store::limits::AUDIT_TEXT_BYTES_MAX;
use phaki_store::{
    AuditDraft, AuditFilter, AuditRecord, BrokenRecord, Completion, Job, Problem, WriterOptions,
};

use crate::world::{Author, Opened, enact, federation, founding, manifest, runs};

fn refusal(time_ms: i64, who: &str) -> AuditDraft {
    AuditDraft::new(time_ms, who, "connection-refused", "", "key-not-in-roster")
}

fn grant(time_ms: i64) -> AuditDraft {
    AuditDraft::new(
        time_ms,
        "officer",
        "space-granted",
        "แผนจังหวัด",
        "TH-41 writer",
    )
}

fn everything() -> AuditFilter {
    AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: true,
        limit: usize::MAX,
    }
}

fn log(opened: &Opened) -> Vec<AuditRecord> {
    opened.reader().audit(&everything()).unwrap()
}

fn drafts(records: Vec<AuditRecord>) -> Vec<AuditDraft> {
    records.into_iter().map(|record| record.what).collect()
}

/// A log of five records.
fn sample() -> Opened {
    let opened = Opened::new();
    for draft in [grant(10), refusal(20, "a"), refusal(30, "b"), grant(25)] {
        opened.writer.record(draft).unwrap();
    }
    opened
}

#[test]
fn the_log_begins_with_the_creation_of_the_store_and_survives_a_restart() {
    let opened = sample().reopen();
    let found = log(&opened);
    let numbers: Vec<u64> = found.iter().map(|record| record.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let before = opened.reader().check_audit(None).unwrap();
    assert_eq!((before.records, before.broken), (5, None));
    assert_eq!(before.last, found[4].hash);
    let written = [
        founding(),
        grant(10),
        refusal(20, "a"),
        refusal(30, "b"),
        grant(25),
    ];
    assert_eq!(drafts(found), written);
    opened.writer.record(grant(40)).unwrap();
    let known = Some(&before.last);
    let after = opened.reader().check_audit(known).unwrap();
    assert_eq!((after.records, after.holds_known), (6, true));
    assert_ne!(after.last, before.last);
    let unknown = opened.reader().check_audit(Some(&Hash([9; 32]))).unwrap();
    assert!(!unknown.holds_known && unknown.broken.is_none());
}

#[test]
fn records_are_found_by_time_and_act_from_either_end() {
    let opened = sample();
    let times = |filter: AuditFilter| -> Vec<i64> {
        let records = opened.reader().audit(&filter).unwrap();
        records.iter().map(|record| record.what.time_ms).collect()
    };
    let newest_first = AuditFilter {
        oldest_first: false,
        ..everything()
    };
    assert_eq!(times(newest_first.clone()), [25, 30, 20, 10, 1]);
    let some = AuditFilter {
        limit: 2,
        ..newest_first.clone()
    };
    assert_eq!(times(some), [25, 30]);
    let since = AuditFilter {
        since_ms: Some(25),
        ..newest_first
    };
    assert_eq!(times(since), [25, 30]);
    let of_act = |act: &str| AuditFilter {
        act: Some(act.to_owned()),
        ..everything()
    };
    assert_eq!(times(of_act("space-granted")), [10, 25]);
    assert_eq!(times(of_act("unheard-of")), [0; 0]);
}

#[test]
fn the_hashes_are_those_that_were_always_written() {
    let found = log(&sample());
    assert_eq!(
        found[4].hash.to_string(),
        "64c4224bb8907a528272b470e843ad437176c523e5288c1e7289982b28c02025",
        "logs of earlier versions must still verify"
    );
}

#[test]
fn the_database_itself_refuses_to_alter_the_log() {
    let opened = sample();
    let database = rusqlite::Connection::open(opened.path()).unwrap();
    for sql in [
        "UPDATE audit SET who = 'nobody' WHERE number = 2",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 3",
        "INSERT INTO audit SELECT 9, time_ms, who, act, subject, detail, count, previous, hash
         FROM audit WHERE number = 3",
    ] {
        let refused = database.execute(sql, []).unwrap_err().to_string();
        assert_eq!(refused, "the audit log is append-only", "{sql}");
    }
    assert_eq!(opened.reader().check_audit(None).unwrap().broken, None);
}

#[test]
fn an_alteration_behind_the_back_of_the_triggers_is_found_where_it_is() {
    let unguarded = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_cut;
                     DROP TRIGGER audit_goes_on;";
    for (sql, number, what) in [
        (
            "UPDATE audit SET who = 'c' WHERE number = 3",
            3,
            "is not what was written",
        ),
        (
            "UPDATE audit SET time_ms = time_ms + 1 WHERE number = 1",
            1,
            "is not what was written",
        ),
        (
            "UPDATE audit SET count = 2 WHERE number = 5",
            5,
            "is not what was written",
        ),
        (
            "UPDATE audit SET act = 'space-grante', subject = 'd' || subject WHERE number = 2",
            2,
            "is not what was written",
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE number = 4",
            4,
            "is not what was written",
        ),
        (
            "UPDATE audit SET detail = CAST(x'ff' AS TEXT) WHERE number = 4",
            4,
            "cannot be read",
        ),
        ("DELETE FROM audit WHERE number = 3", 3, "is missing"),
        (
            "DELETE FROM audit WHERE number = 3;
             UPDATE audit SET number = number - 1 WHERE number > 3",
            3,
            "does not follow the record before it",
        ),
    ] {
        let opened = sample();
        opened.tamper(&format!("{unguarded} {sql}"));
        let found = opened.reader().check_audit(None).unwrap();
        assert_eq!(found.broken, Some(BrokenRecord { number, what }), "{sql}");
        assert_eq!(found.records, number - 1, "{sql}");
        let problems = opened.reader().verify(&federation()).unwrap().problems;
        assert_eq!(problems, [Problem::Audit { number, what }], "{sql}");
    }
}

#[test]
fn a_log_that_was_cut_at_its_end_no_longer_holds_the_hash_that_was_written_down() {
    let opened = sample();
    let written_down = opened.reader().check_audit(None).unwrap().last;
    opened.tamper("DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE number > 3");
    let found = opened.reader().check_audit(Some(&written_down)).unwrap();
    assert_eq!((found.records, found.broken), (3, None));
    assert!(!found.holds_known);
}

#[test]
fn an_act_and_its_record_are_written_together_or_not_at_all() {
    let mut opened = Opened::new();
    let submit = |opened: &Opened, number, change, draft| {
        let job = Job::Change {
            write: phaki_replication::node::WriteId(number),
            change,
            audit: vec![draft],
        };
        opened.writer.submit(job).unwrap();
        opened.completion()
    };
    let stored = submit(&opened, 100, enact(&manifest(2), &[]), grant(10));
    assert!(matches!(stored, Completion::Stored { .. }), "{stored:?}");
    assert_eq!(drafts(log(&opened)), [founding(), grant(10)]);
    // A run that does not continue its feed: replication would never ask for that.
    let mut author = Author::new(2);
    author.publish(&[vec![1]]);
    let gap = runs([author.publish(&[vec![2]])]);
    let failed = submit(&opened, 101, gap, grant(20));
    assert!(matches!(failed, Completion::Failed { .. }), "{failed:?}");
    assert!(
        opened.writer.record(grant(30)).is_err(),
        "nothing goes on before it is known"
    );
    opened.resume();
    opened.writer.record(grant(40)).unwrap();
    opened = opened.reopen_with(&WriterOptions::default());
    assert_eq!(drafts(log(&opened)), [founding(), grant(10), grant(40)]);
    assert_eq!(opened.reader().check_audit(None).unwrap().broken, None);
}

#[test]
fn long_texts_are_cut_between_letters() {
    let draft = AuditDraft::new(1, "", "act-refused", "", &"ก".repeat(AUDIT_TEXT_BYTES_MAX));
    assert!(draft.detail.len() <= AUDIT_TEXT_BYTES_MAX);
    assert!(draft.detail.len() > AUDIT_TEXT_BYTES_MAX - 6);
    assert!(draft.detail.ends_with("ก…"));
    let fits = "ก".repeat(AUDIT_TEXT_BYTES_MAX / 3);
    assert_eq!(AuditDraft::new(1, &fits, "", "", "").who, fits);
}
