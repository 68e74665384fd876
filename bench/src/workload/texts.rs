//! Thai texts, days and words, chosen by a sequence of numbers.

use phaki_tests::samples::Random;
use serde_json::{Value, json};

const WORDS: [&str; 60] = [
    "โครงการ",
    "พัฒนา",
    "ชุมชน",
    "ตำบล",
    "อำเภอ",
    "จังหวัด",
    "สุขภาพ",
    "การศึกษา",
    "เกษตรกร",
    "น้ำสะอาด",
    "สิ่งแวดล้อม",
    "เยาวชน",
    "ผู้สูงอายุ",
    "อาสาสมัคร",
    "ประชุม",
    "ติดตาม",
    "ประเมินผล",
    "งบประมาณ",
    "แผนงาน",
    "กิจกรรม",
    "ฝึกอบรม",
    "โรงเรียน",
    "โรงพยาบาล",
    "ภาคี",
    "เครือข่าย",
    "มูลนิธิ",
    "สมาคม",
    "เทศบาล",
    "องค์การ",
    "ความปลอดภัย",
    "ถนน",
    "ป่าไม้",
    "แม่น้ำ",
    "ข้าว",
    "ตลาด",
    "รายงาน",
    "ไตรมาส",
    "เป้าหมาย",
    "ผลลัพธ์",
    "ตัวชี้วัด",
    "ความเสี่ยง",
    "สนับสนุน",
    "ประสานงาน",
    "วัสดุ",
    "อุปกรณ์",
    "ค่าเดินทาง",
    "ที่ปรึกษา",
    "ส่งเสริม",
    "อาชีพ",
    "รายได้",
    "ครัวเรือน",
    "เด็กปฐมวัย",
    "โภชนาการ",
    "วัคซีน",
    "คลินิก",
    "ดิจิทัล",
    "ข้อมูล",
    "ระบบ",
    "บริการ",
    "ร่วมมือ",
];

/// A text of so many words, with a space before every third or so.
pub(super) fn thai(random: &mut Random, words: usize) -> Value {
    let mut text = String::new();
    for word in 0..words {
        if word > 0 && random.below(3) == 0 {
            text.push(' ');
        }
        text.push_str(WORDS[random.below(WORDS.len())]);
    }
    json!(text)
}

/// A day of one year.
pub(super) fn day(random: &mut Random) -> Value {
    let (month, day) = (1 + random.below(12), 1 + random.below(28));
    json!(format!("2026-{month:02}-{day:02}"))
}

/// One of these words.
pub(super) fn pick(random: &mut Random, words: &[&str]) -> Value {
    json!(words[random.below(words.len())])
}
