//! Summaries follow the changes, and a broken document breaks nothing else.

use phaki_documents::Document;
use phaki_store::job::Reply;
use phaki_store::limits::SNAPSHOT_CHANGES_MIN;
use phaki_store::{Job, Materialiser, materialise, start_materialiser};

use crate::world::{Author, Opened, federation, plan, runs, space};

fn start(opened: &Opened) -> Materialiser {
    start_materialiser(opened.reader(), opened.writer.clone()).unwrap()
}

fn title(opened: &Opened, number: u8) -> String {
    let row = opened
        .reader()
        .document(&space(), &plan(number))
        .unwrap()
        .unwrap();
    assert!(!row.dirty);
    row.summary.unwrap().title
}

#[test]
fn summaries_are_there_once_settled_also_those_from_before_the_start() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let first = author.edit(&mut document, "title/th", "ก่อน");
    opened.put(runs([author.publish(&[first])]));
    assert_eq!(opened.reader().dirty(10).unwrap(), [(space(), plan(1))]);
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    assert_eq!(title(&opened, 1), "ก่อน");
    let second = author.edit(&mut document, "title/th", "หลัง");
    opened.put(runs([author.publish(&[second])]));
    materialiser.settle().unwrap();
    assert_eq!(title(&opened, 1), "หลัง");
    assert_eq!(opened.reader().dirty(10).unwrap(), []);
    assert_eq!(opened.space_row().dirty, 0);
}

#[test]
fn settling_during_a_flood_of_writes_covers_what_was_durable_before() {
    let mut opened = Opened::new();
    let materialiser = start(&opened);
    let mut author = Author::new(2);
    let mut documents = [1, 2, 3].map(|number| Document::empty(plan(number)));
    for turn in 0..200 {
        for document in &mut documents {
            let change = author.edit(document, "title/th", &format!("แผน {turn}"));
            opened.submit(runs([author.publish(&[change])]));
        }
        if turn % 50 == 0 {
            materialiser.settle().unwrap();
        }
    }
    opened.writer.flush().unwrap();
    materialiser.settle().unwrap();
    for number in [1, 2, 3] {
        assert_eq!(title(&opened, number), "แผน 199");
    }
}

#[test]
fn conflicts_are_listed_until_resolved() {
    let mut opened = Opened::new();
    let (mut one, mut other) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let base = one.edit(&mut document, "title/th", "แผน");
    let mut rival = document.clone();
    let mine = one.edit(&mut document, "title/th", "ของฉัน");
    let yours = other.edit(&mut rival, "title/th", "ของเธอ");
    let change = yours.clone();
    opened.put(runs([one.publish(&[base, mine]), other.publish(&[yours])]));
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    let listed = opened.reader().conflicted().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (
            listed[0].document,
            listed[0].summary.as_ref().unwrap().conflicts
        ),
        (plan(1), 1)
    );
    assert_eq!(opened.space_row().conflicted, 1);
    document
        .apply([phaki_documents::payload::decode(&change).unwrap().change])
        .unwrap();
    let resolved = one.edit(&mut document, "title/th", "ของเรา");
    opened.put(runs([one.publish(&[resolved])]));
    materialiser.settle().unwrap();
    assert_eq!(opened.reader().conflicted().unwrap(), []);
    assert_eq!(title(&opened, 1), "ของเรา");
}

#[test]
fn a_summary_of_older_heads_does_not_replace_the_newer() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let first = author.edit(&mut document, "title/th", "หนึ่ง");
    opened.put(runs([author.publish(&[first])]));
    let stale = materialise(&opened.reader(), &space(), &plan(1))
        .unwrap()
        .unwrap();
    let second = author.edit(&mut document, "title/th", "สอง");
    opened.put(runs([author.publish(&[second])]));
    let submit = |rows| {
        opened
            .writer
            .submit(Job::Materialised {
                rows,
                reply: Reply::ignored(),
            })
            .unwrap();
        opened.writer.flush().unwrap();
    };
    submit(vec![stale]);
    let row = opened
        .reader()
        .document(&space(), &plan(1))
        .unwrap()
        .unwrap();
    assert_eq!((row.dirty, row.summary), (true, None));
    submit(vec![
        materialise(&opened.reader(), &space(), &plan(1))
            .unwrap()
            .unwrap(),
    ]);
    assert_eq!(title(&opened, 1), "สอง");
    assert_eq!(
        materialise(&opened.reader(), &space(), &plan(2)).unwrap(),
        None
    );
}

#[test]
fn a_long_history_is_loaded_from_a_snapshot_and_a_bad_snapshot_is_not_believed() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    for number in 0..SNAPSHOT_CHANGES_MIN + 3 {
        let change = author.edit(&mut document, "title/th", &format!("แผน {number}"));
        opened.put(runs([author.publish(&[change])]));
    }
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    let change = author.edit(&mut document, "title/th", "สุดท้าย");
    opened.put(runs([author.publish(&[change])]));
    let stored = opened
        .reader()
        .document_changes(&space(), &plan(1))
        .unwrap()
        .unwrap();
    assert!(stored.snapshot.is_some());
    assert_eq!(
        (stored.changes.len(), stored.count),
        (1, SNAPSHOT_CHANGES_MIN + 4)
    );
    assert_eq!(stored.load(&plan(1)).unwrap().heads(), document.heads());
    opened.tamper("UPDATE snapshot SET bytes = x'00'");
    assert!(opened.reader().document_changes(&space(), &plan(1)).is_ok());
    materialiser.settle().unwrap();
    let change = author.edit(&mut document, "title/th", "จบ");
    opened.put(runs([author.publish(&[change])]));
    materialiser.settle().unwrap();
    assert_eq!(title(&opened, 1), "จบ");
    let row = opened
        .reader()
        .document(&space(), &plan(1))
        .unwrap()
        .unwrap();
    assert_eq!(row.summary.unwrap().broken, None);
}

#[test]
fn a_document_that_does_not_load_is_marked_with_its_reason_and_others_go_on() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let payloads: Vec<_> = [1, 2, 3]
        .map(|number| author.edit(&mut Document::empty(plan(number)), "title/th", "แผน"))
        .into();
    opened.put(runs([author.publish(&payloads)]));
    opened.tamper("UPDATE document SET heads = zeroblob(32) WHERE key = 2");
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    assert_eq!(
        (title(&opened, 1), title(&opened, 3)),
        ("แผน".to_owned(), "แผน".to_owned())
    );
    let row = opened
        .reader()
        .document(&space(), &plan(2))
        .unwrap()
        .unwrap();
    assert!(row.summary.unwrap().broken.unwrap().contains("heads"));
    assert_eq!(opened.space_row().broken, 1);
}

#[test]
fn settling_tells_that_the_disk_refuses_and_edits_go_on_meanwhile() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let change = author.edit(&mut Document::empty(plan(1)), "title/th", "แผน");
    opened.put(runs([author.publish(&[change])]));
    opened.tamper(
        "CREATE TRIGGER broken BEFORE INSERT ON summary
         BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END",
    );
    let materialiser = start(&opened);
    let error = materialiser.settle().unwrap_err();
    assert_eq!(
        error.to_string(),
        "summaries of documents could not be brought up to date"
    );
    // Nobody but the materialiser heard of it, so nobody would tell the writer to go on.
    let change = author.edit(&mut Document::empty(plan(2)), "title/th", "แผน");
    opened.put(runs([author.publish(&[change])]));
    opened.tamper("DROP TRIGGER broken");
    materialiser.settle().unwrap();
    assert_eq!(title(&opened, 1), "แผน");
    assert!(
        opened
            .reader()
            .verify(&federation())
            .unwrap()
            .problems
            .is_empty()
    );
}

#[test]
fn the_end_of_the_writer_is_told_and_so_is_one_that_was_before() {
    let opened = Opened::new();
    let materialiser = start(&opened);
    let (sender, told) = std::sync::mpsc::channel();
    let tell = |sender: std::sync::mpsc::Sender<()>| {
        phaki_store::Reply::new(move |_| sender.send(()).unwrap())
    };
    materialiser.tell_at_end(tell(sender.clone()));
    assert!(told.try_recv().is_err());
    drop(opened.close());
    told.recv().unwrap();
    materialiser.tell_at_end(tell(sender));
    told.recv().unwrap();
}

#[test]
fn waiting_ends_when_the_writer_ends() {
    let opened = Opened::new();
    let materialiser = start(&opened);
    let folder = opened.close();
    assert!(materialiser.settle().is_err());
    drop(folder);
}

#[test]
fn a_change_that_refers_to_nothing_leaves_the_document_readable_and_editable() {
    use automerge::legacy::{ObjectId, OpId};
    use automerge::{ActorId, Change};
    let mut opened = Opened::new();
    let (mut author, mut hostile) = (Author::new(2), Author::new(3));
    let mut document = Document::empty(plan(1));
    let base = author.edit(&mut document, "title/th", "แผน");
    opened.put(runs([author.publish(&[base])]));
    let mut theirs = document.clone();
    let payload = hostile.edit(&mut theirs, "status", "draft");
    let change = phaki_documents::payload::decode(&payload).unwrap().change;
    let mut bad = Change::from_bytes(change.to_vec()).unwrap().decode();
    bad.operations[0].obj = ObjectId::Id(OpId(1, ActorId::from([9; 24])));
    bad.hash = None;
    let bad = Change::from(bad);
    let payload = phaki_documents::payload::encode(&plan(1), bad.raw_bytes());
    opened.put(runs([hostile.publish(&[payload])]));
    let mut shown = opened.load(&plan(1)).unwrap();
    assert_eq!(shown.left_out(), [bad.hash().0]);
    let edit = author.edit(&mut shown, "title/th", "แผนใหม่");
    opened.put(runs([author.publish(&[edit])]));
    start(&opened).settle().unwrap();
    assert_eq!(title(&opened, 1), "แผนใหม่");
    let found = opened.reader().verify(&federation()).unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}
