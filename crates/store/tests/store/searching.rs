//! A search finds what a list shows, and nothing that does not count.

use phaki_documents::date::Date;
use phaki_documents::reference::Reference;
use phaki_documents::search::{Query, Rank};
use phaki_documents::{Document, Kind};
use phaki_store::limits::RANKED_MAX;
use phaki_store::reader::{Found, Search};
use phaki_store::{Materialiser, start_materialiser};

use crate::world::{Author, Opened, enact, federation, manifest, plan, runs, space};

const TODAY: Date = Date {
    year: 2026,
    month: 11,
    day: 24,
};

fn search(opened: &Opened, words: &str, narrow: impl Fn(&mut Search<'_>)) -> Found {
    let known = Reference::built_in().abbreviations(TODAY);
    let query = Query::parse(words, &known).unwrap();
    let mut search = Search {
        query: &query,
        space: None,
        kind_code: None,
        limit: 20,
    };
    narrow(&mut search);
    opened.reader().search(&search).unwrap()
}

fn titles(opened: &Opened, words: &str) -> Vec<String> {
    let found = search(opened, words, |_| ());
    assert!(!found.more);
    let titles = found
        .hits
        .into_iter()
        .map(|hit| hit.row.summary.unwrap().title);
    titles.collect()
}

/// Plans with these titles and goals, indexed.
fn with(plans: &[(&str, &str)]) -> (Opened, Materialiser) {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut payloads = Vec::new();
    for (number, (title, goal)) in (1..).zip(plans) {
        let mut document = Document::empty(plan(number));
        payloads.push(author.edit(&mut document, "title/th", title));
        payloads.push(author.edit(&mut document, "goal/th", goal));
    }
    opened.put(runs([author.publish(&payloads)]));
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    (opened, materialiser)
}

fn start(opened: &Opened) -> Materialiser {
    start_materialiser(opened.reader(), opened.writer.clone()).unwrap()
}

#[test]
fn words_are_found_inside_unspaced_text_and_names_come_before_other_texts() {
    let (opened, _) = with(&[
        ("แผนพัฒนา", "ร่วมกับ สช. และ รพ.สต.บ้านควนโส"),
        ("แผนสุขภาพอำเภอควนเนียง", "สุขภาวะ"),
        ("ควนเนียง", "กํ\u{0e32}หนดการ"),
    ]);
    assert_eq!(
        titles(&opened, "ควนเนียง"),
        ["ควนเนียง", "แผนสุขภาพอำเภอควนเนียง"]
    );
    assert_eq!(
        titles(&opened, "แผน ควน"),
        ["แผนสุขภาพอำเภอควนเนียง", "แผนพัฒนา"]
    );
    assert_eq!(titles(&opened, "สช"), ["แผนพัฒนา"]);
    assert_eq!(titles(&opened, "รพ"), ["แผนพัฒนา"]);
    assert_eq!(titles(&opened, "สำนักงานคณะกรรมการสุขภาพแห่งชาติ"), ["แผนพัฒนา"]);
    assert_eq!(titles(&opened, "กำหนด"), ["ควนเนียง"]);
    assert_eq!(titles(&opened, "ขอนแก่น"), [""; 0]);
    let found = search(&opened, "ควนเนียง", |_| ());
    let ranks: Vec<_> = found.hits.iter().map(|hit| hit.rank).collect();
    assert_eq!(ranks, [Rank::Name, Rank::InNames]);
}

#[test]
fn letters_that_only_stand_near_each_other_are_not_a_word() {
    // All grams of the word, in pieces.
    let (opened, _) = with(&[("กขคง ขคงจ คงจฉ", "")]);
    assert_eq!(titles(&opened, "กขคงจ"), [""; 0]);
    assert_eq!(titles(&opened, "ขคงจ").len(), 1);
}

#[test]
fn a_search_is_narrowed_to_a_space_and_a_kind() {
    let (opened, _) = with(&[("แผนหนึ่ง", ""), ("แผนสอง", "")]);
    let found = |narrow: &dyn Fn(&mut Search<'_>)| search(&opened, "แผน", narrow).hits.len();
    assert_eq!(found(&|search| search.space = Some(space())), 2);
    assert_eq!(found(&|search| search.space = Some(manifest(9).space)), 0);
    assert_eq!(
        found(&|search| search.kind_code = Some(Kind::Plan.code())),
        2
    );
    assert_eq!(
        found(&|search| search.kind_code = Some(Kind::Org.code())),
        0
    );
}

#[test]
fn what_was_changed_is_found_by_what_it_says_now() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    let mut document = Document::empty(plan(1));
    let first = author.edit(&mut document, "title/th", "แผนเดิม");
    opened.put(runs([author.publish(&[first])]));
    assert_eq!(search(&opened, "แผน", |_| ()).behind, 1);
    let materialiser = start(&opened);
    materialiser.settle().unwrap();
    assert_eq!(titles(&opened, "เดิม"), ["แผนเดิม"]);
    let second = author.edit(&mut document, "title/th", "แผนใหม่");
    opened.put(runs([author.publish(&[second])]));
    materialiser.settle().unwrap();
    assert_eq!(search(&opened, "แผน", |_| ()).behind, 0);
    assert_eq!(titles(&opened, "เดิม"), [""; 0]);
    assert_eq!(titles(&opened, "ใหม่"), ["แผนใหม่"]);
    let found = opened.reader().verify(&federation()).unwrap();
    assert_eq!(found.problems, []);
}

#[test]
fn what_no_longer_counts_is_not_found_and_is_found_again_when_it_does() {
    let (mut opened, materialiser) = with(&[("แผนสุขภาพ", "")]);
    let feed = Author::new(2).feed;
    let writing = manifest(1);
    let mut frozen = writing.clone();
    frozen.version += 1;
    frozen.members.remove(&feed.author);
    let mut again = writing;
    again.version += 2;
    for (manifest, count) in [(frozen, 0), (again, 1)] {
        opened.put(enact(&manifest, &[feed]));
        materialiser.settle().unwrap();
        assert_eq!(titles(&opened, "สุขภาพ").len(), count);
        let found = opened.reader().verify(&federation()).unwrap();
        assert_eq!(found.problems, []);
    }
}

#[test]
fn a_limit_says_whether_there_is_more() {
    let many: Vec<_> = (0..30).map(|_| ("แผน", "")).collect();
    let (opened, _) = with(&many);
    let found = |limit| search(&opened, "แผน", |search| search.limit = limit);
    assert_eq!((found(10).hits.len(), found(10).more), (10, true));
    assert_eq!((found(30).hits.len(), found(30).more), (30, false));
    const { assert!(RANKED_MAX > 30) };
}

#[test]
fn a_search_is_as_complete_after_a_sudden_end_as_before() {
    let (opened, _) = with(&[("แผนสุขภาพ", "ชุมชน")]);
    // The copy of the files while the store is open is what a killed process leaves behind.
    let copy = tempfile::tempdir().unwrap();
    for name in ["phaki.db", "phaki.db-wal"] {
        std::fs::copy(opened.folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let again = Opened::open(copy, &phaki_store::WriterOptions::default());
    assert_eq!(titles(&again, "ชุมชน"), ["แผนสุขภาพ"]);
    assert_eq!(again.reader().verify(&federation()).unwrap().problems, []);
}
