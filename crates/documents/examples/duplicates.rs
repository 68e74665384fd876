//! Measures how long it takes to find the duplicates of a directory: `cargo run --release --example
//! duplicates -p phaki-documents [organisations]`. Every twentieth is there twice, half of those with a
//! slip of the pen and half in full where the other is abbreviated.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a program"
)]

use std::time::Instant;

use phaki_documents::area::PROVINCES;
use phaki_documents::date::Date;
use phaki_documents::directory::{Directory, Office};
use phaki_documents::document::{Document, Editor, create_edits};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::reference::Reference;
use serde_json::json;

/// Offices as they are abbreviated, in full, and their type.
const OFFICES: [(&str, &str, &str); 4] = [
    ("รพ.สต.", "โรงพยาบาลส่งเสริมสุขภาพตำบล", "rpsst"),
    ("อบต.", "องค์การบริหารส่วนตำบล", "sao"),
    ("ทต.", "เทศบาลตำบล", "municipality_subdistrict"),
    ("กองทุนสุขภาพตำบล", "กองทุนสุขภาพตำบล", "local_health_fund"),
];

const FIRST: [&str; 12] = [
    "บ้าน",
    "หนอง",
    "ควน",
    "บาง",
    "คลอง",
    "ห้วย",
    "โคก",
    "ดอน",
    "วัง",
    "ท่า",
    "นา",
    "เขา",
];

const SECOND: [&str; 16] = [
    "บัว",
    "เนียง",
    "เหรียง",
    "ใหญ่",
    "ยาว",
    "แดง",
    "ขาว",
    "ทอง",
    "กลาง",
    "เหนือ",
    "สูง",
    "ดำ",
    "หว้า",
    "สัก",
    "ยาง",
    "ไผ่",
];

fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .map_or(10_000, |word| word.parse().unwrap());
    let documents: Vec<Document> = (0..count).map(organisation).collect();
    let mut directory = Directory::default();
    let began = Instant::now();
    let known = Reference::built_in().abbreviations(Date {
        year: 2026,
        month: 11,
        day: 24,
    });
    let offices = documents.iter();
    let offices = offices.filter_map(|document| Office::of(document, &known));
    offices.for_each(|office| directory.insert(office));
    println!("read {count} organisations: {:?}", began.elapsed());
    let began = Instant::now();
    let pairs = directory.duplicates();
    println!("find {} pairs: {:?}", pairs.len(), began.elapsed());
    let made = |id: &DocumentId| u128::from_be_bytes(id.uuid);
    let twice = pairs
        .iter()
        .filter(|pair| made(&pair.other) == made(&pair.remains) + 1);
    println!(
        "of {} that were made twice {} were found",
        count / 20,
        twice.count()
    );
    let began = Instant::now();
    let day = Date::parse("2024-01-15").unwrap();
    println!(
        "hierarchy with {} tops: {:?}",
        directory.hierarchy(day).tops().count(),
        began.elapsed()
    );
}

/// The organisation of that number; of each twenty the last is the one before it once more.
fn organisation(number: usize) -> Document {
    let twice = number % 20 == 19;
    let like = if twice { number - 1 } else { number };
    let (short, full, subtype) = OFFICES[like % OFFICES.len()];
    let at = like / OFFICES.len();
    let place = format!(
        "{}{}{}",
        FIRST[at % FIRST.len()],
        SECOND[at / FIRST.len() % SECOND.len()],
        SECOND[at / 7 % SECOND.len()]
    );
    let slip = |name: String| name.replacen('ย', "ยย", 1).replacen("อง", "อ่ง", 1);
    let name = match (twice, number % 40 < 20) {
        (false, _) => format!("{short}{place}"),
        (true, true) => format!("{full} {place}"),
        (true, false) => slip(format!("{full}{place}")),
    };
    let province = PROVINCES[like % PROVINCES.len()].code;
    let fields = json!({
        "name": {"th": name}, "type": subtype,
        "areas": [format!("{province}{:02}{:02}", 1 + at % 20, 1 + at % 9)],
    });
    let uuid = u128::try_from(number).unwrap().to_be_bytes();
    let mut document = Document::empty(DocumentId::new(Kind::Org, uuid));
    let by = Editor {
        actor: [1; 24],
        account: "measurement",
        time_secs: 1_700_000_000,
        message: None,
    };
    let edits = create_edits(&document.id(), &fields).unwrap();
    document.edit(&by, &edits).unwrap();
    document
}
