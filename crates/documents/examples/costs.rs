//! Measures what one step with a document costs: `cargo run --release --example costs -p
//! phaki-documents [times]`. A plan of thirty fields and ten activities, in nine changes.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a program"
)]

use std::time::Instant;

use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::search::grams;
use phaki_documents::{Path, change};
use serde_json::{Value, json};

const TEXT: &str = "แผนสุขภาวะชุมชนโดยชุมชนเพื่อชุมชน";

fn main() {
    let times: u32 = std::env::args()
        .nth(1)
        .map_or(2_000, |word| word.parse().unwrap());
    let id = DocumentId::new(Kind::Plan, [7; 16]);
    let (whole, changes) = plan(id);
    let parts = || changes.iter().map(Vec::as_slice);
    println!(
        "{} leaves, {} changes of {} bytes",
        whole.leaves().count(),
        changes.len(),
        parts().map(<[u8]>::len).sum::<usize>()
    );
    measure("summarise all changes", times, || {
        for bytes in parts() {
            change::summarise(bytes).unwrap();
        }
    });
    measure("load from changes", times, || {
        Document::load(id, None, parts()).unwrap()
    });
    let saved = whole.save().unwrap();
    measure("load from a snapshot", times, || {
        Document::load(id, Some(&saved), []).unwrap()
    });
    measure("save", times, || whole.save());
    measure("summary for lists", times, || whole.summary());
    measure("summary and texts", times, || whole.summary_and_texts());
    let (_, texts) = whole.summary_and_texts();
    measure("grams for searches", times, || grams(&texts.body));
    measure("clone", times, || whole.clone());
    let mut grown = whole.clone();
    let mut mark = 0;
    let made = measure("edit one field", times, || {
        mark += 1;
        edit(&mut grown, vec![set("budget", json!(mark))])
    });
    let one = edit(&mut grown.clone(), vec![set("budget", json!(0))]);
    measure("summarise one change", times, || {
        change::summarise(&one).unwrap()
    });
    measure("heads", times, || grown.heads());
    let mut other = whole.clone();
    let mut mark = 0;
    let mut made_apart = Vec::new();
    let mut source = whole.clone();
    for _ in 0..times {
        mark += 1;
        made_apart.push(edit(&mut source, vec![set("budget", json!(mark))]));
    }
    let mut next = made_apart.iter();
    measure("apply one change", times, || {
        other.apply([next.next().unwrap().as_slice()]).unwrap();
    });
    drop(made);
    measure("summary of the grown document", times, || grown.summary());
}

fn measure<T>(what: &str, times: u32, mut step: impl FnMut() -> T) -> T {
    let began = Instant::now();
    for _ in 1..times {
        step();
    }
    let last = step();
    let each = began.elapsed() / times;
    println!("{what:32} {:9.1} us", each.as_secs_f64() * 1e6);
    last
}

fn plan(id: DocumentId) -> (Document, Vec<Vec<u8>>) {
    let mut document = Document::empty(id);
    let fields = |from: usize, to: usize| {
        let field = |number: usize| set(&format!("text_{number}"), json!(TEXT));
        (from..to).map(field).collect::<Vec<_>>()
    };
    let mut changes = vec![edit(&mut document, fields(0, 20))];
    changes.push(edit(&mut document, fields(20, 30)));
    for activity in 0..7 {
        let fields: serde_json::Map<_, _> = (0..8)
            .map(|field| (format!("field_{field}"), json!(TEXT)))
            .collect();
        let path = format!("activities/#{activity}");
        changes.push(edit(&mut document, vec![set(&path, Value::Object(fields))]));
    }
    (document, changes)
}

fn set(path: &str, value: Value) -> Edit {
    let path = Path::parse(path).unwrap();
    Edit::Set { path, value }
}

fn edit(document: &mut Document, edits: Vec<Edit>) -> Vec<u8> {
    let by = Editor {
        actor: [5; 24],
        account: "officer",
        time_secs: 1_700_000_000,
        message: None,
    };
    document.edit(&by, &edits).unwrap().unwrap().bytes
}
