//! Codes of organisations, networks and agreements.

use super::{Code, code};

pub(super) const ORG_TYPE: &[Code] = &[
    code("national_agency", "หน่วยงานระดับชาติ", "National agency"),
    code("regional_agency", "หน่วยงานระดับเขต", "Regional agency"),
    code("province_admin", "จังหวัด", "Province administration"),
    code("provincial_agency", "หน่วยงานระดับจังหวัด", "Provincial agency"),
    code(
        "ppho",
        "สำนักงานสาธารณสุขจังหวัด (สสจ.)",
        "Provincial public health office",
    ),
    code(
        "pao",
        "องค์การบริหารส่วนจังหวัด (อบจ.)",
        "Provincial administrative organisation",
    ),
    code("district_office", "ที่ว่าการอำเภอ", "District office"),
    code(
        "dho",
        "สำนักงานสาธารณสุขอำเภอ (สสอ.)",
        "District health office",
    ),
    code("hospital", "โรงพยาบาล", "Hospital"),
    code(
        "rpsst",
        "โรงพยาบาลส่งเสริมสุขภาพตำบล (รพ.สต.)",
        "Subdistrict health-promoting hospital",
    ),
    code(
        "rpsst_group",
        "กลุ่ม รพ.สต.",
        "Group of health-promoting hospitals",
    ),
    code("municipality_city", "เทศบาลนคร", "City municipality"),
    code("municipality_town", "เทศบาลเมือง", "Town municipality"),
    code(
        "municipality_subdistrict",
        "เทศบาลตำบล",
        "Subdistrict municipality",
    ),
    code(
        "sao",
        "องค์การบริหารส่วนตำบล (อบต.)",
        "Subdistrict administrative organisation",
    ),
    code(
        "special_lao",
        "องค์กรปกครองส่วนท้องถิ่นรูปแบบพิเศษ",
        "Special local administration",
    ),
    code(
        "lao_association",
        "สมาคมองค์กรปกครองส่วนท้องถิ่น",
        "Association of local administrations",
    ),
    code(
        "local_health_fund",
        "กองทุนหลักประกันสุขภาพท้องถิ่น (กปท.)",
        "Local health security fund",
    ),
    code(
        "provincial_rehab_fund",
        "กองทุนฟื้นฟูสมรรถภาพจังหวัด",
        "Provincial rehabilitation fund",
    ),
    code("health_assembly", "สมัชชาสุขภาพ", "Health assembly"),
    code("university", "มหาวิทยาลัย", "University"),
    code("school_network", "เครือข่ายสถานศึกษา", "School network"),
    code("education_agency", "หน่วยงานการศึกษา", "Education agency"),
    code("foundation", "มูลนิธิ", "Foundation"),
    code("association", "สมาคม", "Association"),
    code("vhv_club", "ชมรม อสม.", "Village health volunteers"),
    code(
        "community_council",
        "สภาองค์กรชุมชน",
        "Community organisation council",
    ),
    code("agri_council", "สภาเกษตรกร", "Agriculture council"),
    code("cooperative", "สหกรณ์", "Cooperative"),
    code("culture_council", "สภาวัฒนธรรม", "Culture council"),
    code("civil_group", "กลุ่มประชาสังคม", "Civil group"),
    code("social_service", "หน่วยบริการสังคม", "Social service"),
    code("private_network", "เครือข่ายเอกชน", "Private network"),
    code("coordination_center", "ศูนย์ประสานงาน", "Coordination centre"),
    code("org_unit", "หน่วยงานย่อย", "Unit of an organisation"),
    code("other", "อื่น ๆ", "Other"),
];

pub(super) const ORG_SECTOR: &[Code] = &[
    code("ministry", "กระทรวง", "Ministry"),
    code("department", "กรม", "Department"),
    code("province", "จังหวัด", "Province"),
    code("lao", "ท้องถิ่น", "Local administration"),
    code("private", "เอกชน", "Private"),
    code("community", "ชุมชน", "Community"),
    code("school", "สถานศึกษา", "School"),
    code("health_fund", "กองทุนสุขภาพตำบล", "Tambon health fund"),
    code("university", "มหาวิทยาลัย", "University"),
    code("other", "อื่น ๆ", "Other"),
];

pub(super) const ORG_STATUS: &[Code] = &[
    code("active", "ดำเนินการ", "Active"),
    code("merged", "รวมแล้ว", "Merged"),
    code("closed", "ปิดแล้ว", "Closed"),
];

pub(super) const LAO_CLASS: &[Code] = &[
    code(
        "sao_small",
        "อบต. ขนาดเล็ก",
        "Small subdistrict administration",
    ),
    code(
        "sao_medium",
        "อบต. ขนาดกลาง",
        "Medium subdistrict administration",
    ),
    code(
        "sao_large",
        "อบต. ขนาดใหญ่",
        "Large subdistrict administration",
    ),
    code(
        "municipality_subdistrict",
        "เทศบาลตำบล",
        "Subdistrict municipality",
    ),
    code("municipality_town", "เทศบาลเมือง", "Town municipality"),
    code("municipality_city", "เทศบาลนคร", "City municipality"),
];

pub(super) const PARENT_KIND: &[Code] = &[
    code("command", "สายบังคับบัญชา", "Command"),
    code("transfer", "ถ่ายโอน", "Transfer"),
];

pub(super) const TRANSFER_STATE: &[Code] = &[
    code("planned", "ตามแผน", "Planned"),
    code("transferring", "กำลังถ่ายโอน", "Transferring"),
    code("transferred", "ถ่ายโอนแล้ว", "Transferred"),
];

pub(super) const NETWORK_TYPE: &[Code] = &[
    code(
        "area_health_committee",
        "คณะกรรมการสุขภาพระดับพื้นที่ (กสพ.)",
        "Area health committee",
    ),
    code(
        "district_health_board",
        "คณะกรรมการพัฒนาคุณภาพชีวิตระดับอำเภอ (พชอ.)",
        "District health board",
    ),
    code(
        "health_region_committee",
        "คณะกรรมการเขตสุขภาพเพื่อประชาชน (กขป.)",
        "Health region committee",
    ),
    code("fund_board", "คณะกรรมการกองทุน", "Fund board"),
    code("subcommittee", "คณะอนุกรรมการ", "Sub-committee"),
    code(
        "health_assembly_committee",
        "คณะกรรมการสมัชชาสุขภาพ",
        "Health assembly committee",
    ),
    code(
        "cooperation_mechanism",
        "กลไกความร่วมมือ",
        "Cooperation mechanism",
    ),
    code("health_network", "เครือข่ายสุขภาพ", "Health network"),
    code("working_team", "คณะทำงาน", "Working team"),
];

pub(super) const MEMBER_ROLE: &[Code] = &[
    code("founding_partner", "ภาคีผู้ก่อตั้ง", "Founding partner"),
    code("partner", "ภาคี", "Partner"),
    code("secretariat", "เลขานุการ", "Secretariat"),
];

pub(super) const AGREEMENT_TYPE: &[Code] = &[
    code("mou", "บันทึกข้อตกลงความร่วมมือ", "Memorandum of understanding"),
    code("moa", "บันทึกความตกลง", "Memorandum of agreement"),
    code(
        "declaration_of_intent",
        "ประกาศเจตนารมณ์",
        "Declaration of intent",
    ),
    code("meeting_accord", "ข้อสรุปการประชุม", "Meeting accord"),
    code("charter", "ธรรมนูญสุขภาพพื้นที่", "Area health charter"),
    code("fund_agreement", "ข้อตกลงโครงการ", "Fund agreement"),
    code("transfer_agreement", "ข้อตกลงถ่ายโอน", "Transfer agreement"),
];

pub(super) const AGREEMENT_STATUS: &[Code] = &[
    code("idea", "แนวคิด", "Idea"),
    code("drafting", "กำลังร่าง", "Drafting"),
    code("under_review", "กำลังพิจารณา", "Under review"),
    code("scheduled", "นัดลงนาม", "Scheduled"),
    code("agreed", "ตกลงกันแล้ว", "Agreed"),
    code("signed", "ลงนามแล้ว", "Signed"),
    code("declared", "ประกาศแล้ว", "Declared"),
    code("active", "มีผล", "In force"),
    code("expiring", "ใกล้หมดอายุ", "Expiring"),
    code("expired", "หมดอายุ", "Expired"),
    code("renewed", "ต่ออายุแล้ว", "Renewed"),
    code("terminated", "ยกเลิก", "Terminated"),
];

pub(super) const PARTY_ROLE: &[Code] = &[
    code("party", "ภาคี", "Party"),
    code("signatory", "ผู้ลงนาม", "Signatory"),
    code("witness", "พยาน", "Witness"),
    code("advisor", "ที่ปรึกษา", "Advisor"),
    code("observer", "ผู้สังเกตการณ์", "Observer"),
    code("coordinator", "ผู้ประสานงาน", "Coordinator"),
    code("secretariat", "เลขานุการ", "Secretariat"),
];

pub(super) const PARTY_LEVEL: &[Code] = &[
    code("national", "ระดับชาติ", "National"),
    code("region", "ระดับเขต", "Region"),
    code("province", "ระดับจังหวัด", "Province"),
    code("district", "ระดับอำเภอ", "District"),
    code("tambon", "ระดับตำบล", "Subdistrict"),
];

pub(super) const PARTY_STATE: &[Code] = &[
    code("invited", "เชิญแล้ว", "Invited"),
    code("confirmed", "ยืนยันแล้ว", "Confirmed"),
    code("declined", "ปฏิเสธ", "Declined"),
    code("signed", "ลงนามแล้ว", "Signed"),
    code("declared", "ประกาศแล้ว", "Declared"),
    code("withdrawn", "ถอนตัว", "Withdrawn"),
];
