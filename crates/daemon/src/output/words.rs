//! Headings and single words in both languages. Sentences stand where they are said.

use super::language::Text;

pub(crate) const ACT: Text = text("การกระทำ", "ACT");
pub(crate) const ADDRESS: Text = text("ที่อยู่", "Address");
pub(crate) const AREA: Text = text("พื้นที่", "AREA");
pub(crate) const CONFLICTS: Text = text("ขัดแย้ง", "CONFLICTS");
pub(crate) const DATA: Text = text("โฟลเดอร์ข้อมูล", "Data");
pub(crate) const DETAIL: Text = text("รายละเอียด", "DETAIL");
pub(crate) const DOCUMENTS: Text = text("เอกสาร", "DOCUMENTS");
pub(crate) const ENTRIES: Text = text("รายการ", "ENTRIES");
pub(crate) const FEDERATION: Text = text("สหพันธ์", "Federation");
pub(crate) const FIELD: Text = text("ช่อง", "FIELD");
pub(crate) const ID: Text = text("รหัส", "ID");
pub(crate) const KEY: Text = text("กุญแจ", "Key");
pub(crate) const KIND: Text = text("ชนิด", "KIND");
pub(crate) const LINKS: Text = text("การเชื่อมต่อ", "Links");
pub(crate) const MEMBERS: Text = text("สมาชิก", "MEMBERS");
pub(crate) const NAME: Text = text("ชื่อ", "NAME");
pub(crate) const NOTHING: Text = text("ไม่มีสิทธิ์", "nothing");
pub(crate) const OPEN_FOR: Text = text("เชื่อมมาแล้ว", "OPEN FOR");
pub(crate) const PATH: Text = text("ตำแหน่ง", "PATH");
pub(crate) const PEER: Text = text("คู่", "PEER");
pub(crate) const PROBLEMS: Text = text("สิ่งที่ต้องดูแล", "Problems");
pub(crate) const QUARANTINED: Text = text("กักไว้", "HELD BACK");
pub(crate) const READS: Text = text("อ่าน", "reads");
pub(crate) const READS_AND_WRITES: Text = text("อ่านและเขียน", "reads and writes");
pub(crate) const RECEIVED: Text = text("รับ", "RECEIVED");
pub(crate) const RIGHT: Text = text("สิทธิ์", "RIGHT");
pub(crate) const ROLE: Text = text("บทบาท", "ROLE");
pub(crate) const SENT: Text = text("ส่ง", "SENT");
pub(crate) const SPACE: Text = text("พื้นที่ข้อมูล", "SPACE");
pub(crate) const SPACES: Text = text("พื้นที่ข้อมูล", "Spaces");
pub(crate) const STATE: Text = text("สถานะ", "STATE");
pub(crate) const STEWARD: Text = text("ผู้ดูแล", "STEWARD");
pub(crate) const SUBJECT: Text = text("เกี่ยวกับ", "SUBJECT");
pub(crate) const TITLE: Text = text("ชื่อเรื่อง", "TITLE");
pub(crate) const VALUE: Text = text("ค่า", "VALUE");
pub(crate) const WAITING: Text = text("รอข้อมูล", "WAITING");
pub(crate) const WHEN: Text = text("เมื่อ", "WHEN");
pub(crate) const WHO: Text = text("ใคร", "WHO");
pub(crate) const WRITES: Text = text("การเขียน", "Writing");

const fn text(th: &'static str, en: &'static str) -> Text {
    Text { th, en }
}
