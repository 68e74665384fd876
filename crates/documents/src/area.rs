//! Areas: the form of their codes, and the provinces with their health regions as the program knows
//! them.
//!
//! A code is `TH`, `R1` to `R13`, or a code of the Department of Provincial Administration with two
//! digits for a province, four for a district, six for a subdistrict, eight for a village. Names
//! are labels: several places share one, so nothing is ever found by its name. Rules ask the
//! [reference sets](crate::reference), which may have other names and regions than the table of this file.

use crate::date::Date;

/// One of the 77 provinces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Province {
    /// Two digits; the same as after `TH-` in ISO 3166-2.
    pub code: &'static str,
    pub th: &'static str,
    pub en: &'static str,
    /// Health region, 1 to 13.
    pub region: u8,
}

/// Health regions.
pub const REGIONS: u8 = 13;

/// True when the text has the form of an area code; whether there is such an area is not asked.
pub fn is_code(text: &str) -> bool {
    if text == "TH" {
        return true;
    }
    if let Some(number) = text.strip_prefix('R') {
        let plain = !number.starts_with(['0', '+']);
        return plain
            && number
                .parse()
                .is_ok_and(|region| (1..=REGIONS).contains(&region));
    }
    matches!(text.len(), 2 | 4 | 6 | 8) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The province in which the area of that code lies; `None` for larger areas and for a province
/// that is not known.
pub fn province_of(code: &str) -> Option<&'static Province> {
    let digits = code.get(..2)?;
    PROVINCES.iter().find(|province| province.code == digits)
}

/// Districts that were given to a new province, with their codes before and since.
struct Move {
    since: Date,
    codes: &'static [(&'static str, &'static str)],
}

/// Bueng Kan was made of eight districts of Nong Khai by an act of 2554 (2011), in force on 23 March.
const MOVES: [Move; 1] = [Move {
    since: Date {
        year: 2011,
        month: 3,
        day: 23,
    },
    codes: &[
        ("4303", "3801"),
        ("4304", "3802"),
        ("4306", "3803"),
        ("4309", "3804"),
        ("4310", "3805"),
        ("4311", "3806"),
        ("4312", "3807"),
        ("4313", "3808"),
    ],
}];

/// The code that an area has on a day, when its district has gone to another province by then. A
/// smaller area keeps the digits that stand for it within its district.
pub fn moved(code: &str, day: Date) -> Option<String> {
    let (district, inside) = code.split_at_checked(4)?;
    let moves = MOVES.iter().filter(|one| one.since <= day);
    let mut codes = moves.flat_map(|one| one.codes);
    let (_, since) = codes.find(|(before, _)| *before == district)?;
    Some(format!("{since}{inside}"))
}

/// True when the first area lies in the second, or is it. A health region contains its provinces.
pub fn lies_in(inner: &str, outer: &str) -> bool {
    if outer == "TH" || inner == outer {
        return true;
    }
    if let Some(region) = outer.strip_prefix('R') {
        let of = province_of(inner).map(|province| province.region);
        return of.is_some_and(|of| region.parse() == Ok(of));
    }
    let digits = outer.starts_with(|c: char| c.is_ascii_digit());
    digits && inner.starts_with(outer)
}

const fn province(code: &'static str, th: &'static str, en: &'static str, region: u8) -> Province {
    Province {
        code,
        th,
        en,
        region,
    }
}

/// The provinces by code.
pub const PROVINCES: [Province; 77] = [
    province("10", "กรุงเทพมหานคร", "Bangkok", 13),
    province("11", "สมุทรปราการ", "Samut Prakan", 6),
    province("12", "นนทบุรี", "Nonthaburi", 4),
    province("13", "ปทุมธานี", "Pathum Thani", 4),
    province("14", "พระนครศรีอยุธยา", "Phra Nakhon Si Ayutthaya", 4),
    province("15", "อ่างทอง", "Ang Thong", 4),
    province("16", "ลพบุรี", "Lopburi", 4),
    province("17", "สิงห์บุรี", "Sing Buri", 4),
    province("18", "ชัยนาท", "Chai Nat", 3),
    province("19", "สระบุรี", "Saraburi", 4),
    province("20", "ชลบุรี", "Chon Buri", 6),
    province("21", "ระยอง", "Rayong", 6),
    province("22", "จันทบุรี", "Chanthaburi", 6),
    province("23", "ตราด", "Trat", 6),
    province("24", "ฉะเชิงเทรา", "Chachoengsao", 6),
    province("25", "ปราจีนบุรี", "Prachin Buri", 6),
    province("26", "นครนายก", "Nakhon Nayok", 4),
    province("27", "สระแก้ว", "Sa Kaeo", 6),
    province("30", "นครราชสีมา", "Nakhon Ratchasima", 9),
    province("31", "บุรีรัมย์", "Buri Ram", 9),
    province("32", "สุรินทร์", "Surin", 9),
    province("33", "ศรีสะเกษ", "Si Sa Ket", 10),
    province("34", "อุบลราชธานี", "Ubon Ratchathani", 10),
    province("35", "ยโสธร", "Yasothon", 10),
    province("36", "ชัยภูมิ", "Chaiyaphum", 9),
    province("37", "อำนาจเจริญ", "Amnat Charoen", 10),
    province("38", "บึงกาฬ", "Bueng Kan", 8),
    province("39", "หนองบัวลำภู", "Nong Bua Lam Phu", 8),
    province("40", "ขอนแก่น", "Khon Kaen", 7),
    province("41", "อุดรธานี", "Udon Thani", 8),
    province("42", "เลย", "Loei", 8),
    province("43", "หนองคาย", "Nong Khai", 8),
    province("44", "มหาสารคาม", "Maha Sarakham", 7),
    province("45", "ร้อยเอ็ด", "Roi Et", 7),
    province("46", "กาฬสินธุ์", "Kalasin", 7),
    province("47", "สกลนคร", "Sakon Nakhon", 8),
    province("48", "นครพนม", "Nakhon Phanom", 8),
    province("49", "มุกดาหาร", "Mukdahan", 10),
    province("50", "เชียงใหม่", "Chiang Mai", 1),
    province("51", "ลำพูน", "Lamphun", 1),
    province("52", "ลำปาง", "Lampang", 1),
    province("53", "อุตรดิตถ์", "Uttaradit", 2),
    province("54", "แพร่", "Phrae", 1),
    province("55", "น่าน", "Nan", 1),
    province("56", "พะเยา", "Phayao", 1),
    province("57", "เชียงราย", "Chiang Rai", 1),
    province("58", "แม่ฮ่องสอน", "Mae Hong Son", 1),
    province("60", "นครสวรรค์", "Nakhon Sawan", 3),
    province("61", "อุทัยธานี", "Uthai Thani", 3),
    province("62", "กำแพงเพชร", "Kamphaeng Phet", 3),
    province("63", "ตาก", "Tak", 2),
    province("64", "สุโขทัย", "Sukhothai", 2),
    province("65", "พิษณุโลก", "Phitsanulok", 2),
    province("66", "พิจิตร", "Phichit", 3),
    province("67", "เพชรบูรณ์", "Phetchabun", 2),
    province("70", "ราชบุรี", "Ratchaburi", 5),
    province("71", "กาญจนบุรี", "Kanchanaburi", 5),
    province("72", "สุพรรณบุรี", "Suphan Buri", 5),
    province("73", "นครปฐม", "Nakhon Pathom", 5),
    province("74", "สมุทรสาคร", "Samut Sakhon", 5),
    province("75", "สมุทรสงคราม", "Samut Songkhram", 5),
    province("76", "เพชรบุรี", "Phetchaburi", 5),
    province("77", "ประจวบคีรีขันธ์", "Prachuap Khiri Khan", 5),
    province("80", "นครศรีธรรมราช", "Nakhon Si Thammarat", 11),
    province("81", "กระบี่", "Krabi", 11),
    province("82", "พังงา", "Phangnga", 11),
    province("83", "ภูเก็ต", "Phuket", 11),
    province("84", "สุราษฎร์ธานี", "Surat Thani", 11),
    province("85", "ระนอง", "Ranong", 11),
    province("86", "ชุมพร", "Chumphon", 11),
    province("90", "สงขลา", "Songkhla", 12),
    province("91", "สตูล", "Satun", 12),
    province("92", "ตรัง", "Trang", 12),
    province("93", "พัทลุง", "Phatthalung", 12),
    province("94", "ปัตตานี", "Pattani", 12),
    province("95", "ยะลา", "Yala", 12),
    province("96", "นราธิวาส", "Narathiwat", 12),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_by_their_form() {
        for code in ["TH", "R1", "R13", "90", "9013", "901302", "90130201"] {
            assert!(is_code(code), "{code}");
        }
        for text in [
            "", "th", "R0", "R14", "R01", "R+1", "9", "901", "๙๐", "90a3", "TH-90",
        ] {
            assert!(!is_code(text), "{text}");
        }
    }

    #[test]
    fn an_area_lies_in_the_province_of_its_first_two_digits() {
        assert_eq!(province_of("901302").map(|found| found.th), Some("สงขลา"));
        assert_eq!(province_of("TH"), None);
        assert_eq!(province_of("R12"), None);
        assert_eq!(province_of("99"), None);
    }

    #[test]
    fn an_area_lies_in_its_province_its_region_and_the_country() {
        for outer in ["901302", "9013", "90", "R12", "TH"] {
            assert!(lies_in("901302", outer), "{outer}");
        }
        for outer in ["9014", "R11", "R1", "91", "90130201"] {
            assert!(!lies_in("901302", outer), "{outer}");
        }
        assert!(!lies_in("TH", "90"));
    }

    #[test]
    fn every_region_has_its_provinces() {
        let counts: Vec<usize> = (1..=REGIONS)
            .map(|region| PROVINCES.iter().filter(|one| one.region == region).count())
            .collect();
        assert_eq!(counts, [8, 5, 5, 8, 8, 8, 4, 7, 4, 5, 7, 7, 1]);
        assert!(PROVINCES.is_sorted_by_key(|one| one.code));
    }
}
