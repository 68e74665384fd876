//! Documents like those of a province, made from numbers: the same number, the same document.

use serde_json::{Value, json};

/// What the plans are about; the wording of real plans repeats itself as much.
const THEMES: [&str; 12] = [
    "ป้องกันและควบคุมโรคไม่ติดต่อเรื้อรัง",
    "ดูแลผู้สูงอายุระยะยาวในชุมชน",
    "ส่งเสริมพัฒนาการเด็กปฐมวัย",
    "ลดอุบัติเหตุทางถนน",
    "พัฒนาระบบบริการปฐมภูมิ",
    "จัดการขยะและสิ่งแวดล้อมในชุมชน",
    "อาหารปลอดภัยในโรงเรียน",
    "เฝ้าระวังไข้เลือดออก",
    "สุขภาพจิตและการป้องกันการฆ่าตัวตาย",
    "ลดการบริโภคแอลกอฮอล์และยาสูบ",
    "คัดกรองมะเร็งเต้านมและมะเร็งปากมดลูก",
    "พัฒนาศักยภาพ อสม.",
];

const PLACES: [&str; 8] = [
    "เมือง",
    "กุมภวาปี",
    "หนองหาน",
    "บ้านผือ",
    "เพ็ญ",
    "วังสามหมอ",
    "นากลาง",
    "ศรีบุญเรือง",
];

const MEASURES: [&str; 6] = [
    "ออกแบบปฏิบัติการร่วมกับภาคีเครือข่าย",
    "จัดเวทีคืนข้อมูลสุขภาพแก่ชุมชน",
    "อบรมผู้ดูแลและติดตามเยี่ยมบ้าน",
    "เชื่อมโยงฐานข้อมูลระหว่างหน่วยงาน",
    "สื่อสารให้ประชาชนร่วมรับรู้",
    "ติดตามและประเมินผลรายไตรมาส",
];

/// The fields that [`edit`] sets, in turn.
const EDITED: usize = 9;

/// The id of plan `number` of a series.
pub fn plan_id(series: u16, number: u64) -> String {
    id("plan", series, number)
}

/// The id of a document of any kind: `series` keeps the numbers of different tests apart.
pub fn id(kind: &str, series: u16, number: u64) -> String {
    format!("{kind}_{series:08x}-0000-4000-8000-{number:012x}")
}

/// Plan `number` of a series, about two kilobytes.
pub fn plan(series: u16, number: u64) -> Value {
    let (theme, place) = (pick(&THEMES, number), pick(&PLACES, number / 12));
    let fiscal_year = 2566 + number % 5;
    json!({
        "id": plan_id(series, number),
        "kind": "plan",
        "home": "41",
        "title": {"th": format!("แผนปฏิบัติการ{theme} อำเภอ{place} ฉบับที่ {number}")},
        "type": "action_plan",
        "areas": ["41"],
        "owner": id("org", series, number % 60),
        "status": "draft",
        "fy_be": [fiscal_year],
        "goal": {"th": format!("ประชาชนอำเภอ{place}เข้าถึงบริการ{theme}อย่างทั่วถึงและเป็นธรรม")},
        "situation": format!(
            "ปี {fiscal_year} อำเภอ{place}มีกลุ่มเป้าหมาย {} คน ได้รับบริการแล้ว {} คน",
            1_000 + number * 37 % 9_000,
            300 + number * 13 % 700,
        ),
        "strategies": {
            "s1": {
                "order": 1,
                "th": format!("{theme}โดยการมีส่วนร่วม"),
                "measures": [pick(&MEASURES, number), pick(&MEASURES, number + 1)],
            },
            "s2": {
                "order": 2,
                "th": format!("พัฒนาระบบข้อมูลเพื่อ{theme}"),
                "measures": [pick(&MEASURES, number + 3)],
            },
        },
    })
}

/// As [`plan`], with `bytes` in it that hardly compress, so that what is sent or stored of it has a
/// known size.
pub fn bulky_plan(series: u16, number: u64, bytes: usize) -> Value {
    let mut plan = plan(series, number);
    plan["strategies"]["s1"]["th"] = json!(noise(number, bytes));
    plan
}

/// Edit `step` of plan `number`: where, and the new value. Steps go on for ever.
pub fn edit(number: u64, step: u64) -> (String, Value) {
    let (theme, place) = (pick(&THEMES, number + step), pick(&PLACES, number + step));
    let turn = usize::try_from(step).unwrap_or_default() % EDITED;
    let (path, value) = match turn {
        0 => (
            "status",
            json!(if (step / 9).is_multiple_of(2) {
                "submitted"
            } else {
                "active"
            }),
        ),
        1 => (
            "goal/th",
            json!(format!("ครั้งที่ {step}: ทุกกลุ่มวัยในอำเภอ{place}มีสุขภาวะที่ดี")),
        ),
        2 => (
            "strategies/s1/th",
            json!(format!("{theme}โดยชุมชน รอบที่ {step}")),
        ),
        3 => ("strategies/s2/order", json!(2 + step)),
        4 => (
            "review/success",
            json!(format!("{theme} อำเภอ{place}บรรลุร้อยละ {}", step % 100)),
        ),
        5 => (
            "review/to_fix",
            json!(format!("ขาดกำลังคนด้าน{theme} ครั้งที่ {step}")),
        ),
        6 => (
            "problems/p1/text",
            json!(format!("{theme}ยังไม่ครอบคลุม รอบที่ {step}")),
        ),
        7 => (
            "problems/p1/size_now",
            json!(format!("{}.{}", 10 + step % 80, number % 10)),
        ),
        _ => (
            "strategies/s3/th",
            json!(format!("ขยายผล{theme}สู่อำเภอ{place} ครั้งที่ {step}")),
        ),
    };
    (path.to_owned(), value)
}

/// `bytes` of text that cannot be compressed much, different for every `seed`.
fn noise(seed: u64, bytes: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut random = Random::from_seed(seed);
    (0..bytes)
        .map(|_| char::from(ALPHABET[random.below(64)]))
        .collect()
}

/// Numbers that look random and are the same in every run (splitmix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of that seed.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number below `bound`.
    ///
    /// # Panics
    /// When `bound` is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn pick<'a>(from: &[&'a str], number: u64) -> &'a str {
    from[usize::try_from(number).unwrap_or_default() % from.len()]
}
