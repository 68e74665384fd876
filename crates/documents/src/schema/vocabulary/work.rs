//! Codes of plans, activities, indicators, events and resolutions, and common ones.

use super::{Code, code};

pub(super) const HORIZON: &[Code] = &[
    code("short", "ระยะสั้น", "Short term"),
    code("medium", "ระยะกลาง", "Medium term"),
    code("long", "ระยะยาว", "Long term"),
];

pub(super) const PLAN_TYPE: &[Code] = &[
    code("strategic_plan", "แผนยุทธศาสตร์", "Strategic plan"),
    code(
        "provincial_development_plan",
        "แผนพัฒนาจังหวัด",
        "Provincial development plan",
    ),
    code("action_plan", "แผนปฏิบัติการ", "Action plan"),
    code("area_health_plan", "แผนสุขภาพพื้นที่", "Area health plan"),
    code("district_plan", "แผนอำเภอ", "District plan"),
    code("local_fund_plan", "แผนกองทุนท้องถิ่น", "Local fund plan"),
    code(
        "cooperation_framework",
        "กรอบความร่วมมือ",
        "Cooperation framework",
    ),
];

pub(super) const EXECUTION_STATUS: &[Code] = &[
    code("draft", "ร่าง", "Draft"),
    code("submitted", "ยื่นแล้ว", "Submitted"),
    code("revise", "ให้ปรับแก้", "To be revised"),
    code("approved", "อนุมัติ", "Approved"),
    code("rejected", "ไม่อนุมัติ", "Rejected"),
    code("planned", "ตามแผน", "Planned"),
    code("active", "มีผล", "Active"),
    code("in_progress", "กำลังดำเนินการ", "In progress"),
    code("suspended", "ระงับ", "Suspended"),
    code("completed", "เสร็จสิ้น", "Completed"),
    code("terminated", "ยุติ", "Terminated"),
    code("cancelled", "ยกเลิก", "Cancelled"),
];

pub(super) const APPROVAL_DECISION: &[Code] = &[
    code("approved", "อนุมัติ", "Approved"),
    code("rejected", "ไม่อนุมัติ", "Rejected"),
    code("revise", "ให้ปรับแก้", "To be revised"),
];

pub(super) const ACTIVITY_LEVEL: &[Code] = &[
    code("project", "โครงการ", "Project"),
    code("activity", "กิจกรรม", "Activity"),
    code("sub_activity", "กิจกรรมย่อย", "Sub-activity"),
];

pub(super) const ACTIVITY_ROLE: &[Code] = &[
    code("funding", "สนับสนุนงบประมาณ", "Funding"),
    code("accountable", "รับผิดชอบหลัก", "Accountable"),
    code("implementing", "ดำเนินการ", "Implementing"),
    code("extending", "ขยายผล", "Extending"),
    code("mentor", "พี่เลี้ยง", "Mentor"),
    code("data_provider", "ให้ข้อมูล", "Data provider"),
    code("venue", "สถานที่", "Venue"),
    code("partner", "ภาคี", "Partner"),
];

pub(super) const BUDGET_SOURCE: &[Code] = &[
    code("central_government", "งบประมาณแผ่นดิน", "Central government"),
    code(
        "provincial_development_budget",
        "งบพัฒนาจังหวัด",
        "Provincial development budget",
    ),
    code("pao", "อบจ.", "PAO"),
    code("lao", "องค์กรปกครองส่วนท้องถิ่น", "Local administration"),
    code(
        "nhso_local_fund",
        "กองทุนหลักประกันสุขภาพท้องถิ่น",
        "NHSO local fund",
    ),
    code("nhso_ltc", "กองทุนดูแลระยะยาว", "NHSO long-term care"),
    code("rehab_fund", "กองทุนฟื้นฟูสมรรถภาพ", "Rehabilitation fund"),
    code("thaihealth", "สสส.", "ThaiHealth"),
    code("ministry", "กระทรวง", "Ministry"),
    code("donor", "ผู้บริจาค", "Donor"),
    code("in_kind", "สิ่งของหรือแรงงาน", "In kind"),
    code("other", "อื่น ๆ", "Other"),
];

pub(super) const BUDGET_STAGE: &[Code] = &[
    code("requested", "เสนอขอ", "Requested"),
    code("approved", "อนุมัติ", "Approved"),
];

pub(super) const SUPPORT_TYPE: &[Code] = &[
    code("10.1", "10(1) หน่วยบริการ", "10(1) health service units"),
    code("10.2", "10(2) กลุ่มหรือองค์กรประชาชน", "10(2) people's groups"),
    code(
        "10.3",
        "10(3) ศูนย์เด็ก ผู้สูงอายุ คนพิการ",
        "10(3) child, elderly and disabled centres",
    ),
    code("10.4", "10(4) บริหารกองทุน", "10(4) fund administration"),
    code(
        "10.5",
        "10(5) โรคระบาดหรือภัยพิบัติ",
        "10(5) epidemic or disaster",
    ),
];

pub(super) const EXPENSE_GROUP: &[Code] = &[
    code("1", "ค่าตอบแทน", "Remuneration"),
    code("2", "ค่าจ้าง", "Wages"),
    code("3", "ค่าใช้สอย", "General"),
    code("4", "ค่าวัสดุ", "Materials"),
    code("5", "ค่าสาธารณูปโภค", "Utilities"),
    code("6", "อื่น ๆ", "Other"),
];

pub(super) const TARGET_GROUP: &[Code] = &[
    code(
        "2001",
        "หญิงตั้งครรภ์และหลังคลอด",
        "Pregnant and postpartum women",
    ),
    code("1001", "เด็กก่อนวัยเรียน", "Preschool children"),
    code("1002", "วัยเรียน", "School age"),
    code("1003", "วัยทำงาน", "Working age"),
    code("1004", "ผู้สูงอายุ", "Elderly"),
    code("2002", "ผู้ป่วยโรคเรื้อรัง", "Chronic patients"),
    code("2003", "คนพิการ", "Disabled people"),
    code("2004", "ประชาชนที่มีภาวะเสี่ยง", "People at risk"),
    code("2005", "การบริหารกองทุน", "Fund administration"),
    code("general_public", "ประชาชนทั่วไป", "General public"),
    code("health_workers", "บุคลากรสุขภาพ", "Health workers"),
    code("volunteers", "อาสาสมัคร", "Volunteers"),
    code("organisations", "องค์กร", "Organisations"),
];

pub(super) const REPORT_STATE: &[Code] = &[
    code("0", "เริ่มทำ", "Started"),
    code("1", "ส่งแล้ว", "Sent"),
    code("2", "พี่เลี้ยงผ่านแล้ว", "Passed by the mentor"),
    code("6", "ผู้จัดการผ่านแล้ว", "Passed by the manager"),
    code("9", "ผู้ให้ทุนผ่านแล้ว", "Passed by the grantor"),
];

pub(super) const INDICATOR_LEVEL: &[Code] = &[
    code("input", "ปัจจัยนำเข้า", "Input"),
    code("output", "ผลผลิต", "Output"),
    code("outcome", "ผลลัพธ์", "Outcome"),
    code("impact", "ผลกระทบ", "Impact"),
];

pub(super) const INDICATOR_DIRECTION: &[Code] = &[
    code("increase", "เพิ่มขึ้น", "Increase"),
    code("decrease", "ลดลง", "Decrease"),
    code("maintain", "คงที่", "Maintain"),
];

pub(super) const INDICATOR_AGGREGATION: &[Code] = &[
    code("sum", "ผลรวม", "Sum"),
    code("ratio_of_sums", "อัตราส่วนของผลรวม", "Ratio of sums"),
    code("last", "ค่าล่าสุด", "Last"),
    code("average", "ค่าเฉลี่ย", "Average"),
    code("none", "ไม่รวม", "None"),
];

pub(super) const COMPARATOR: &[Code] = &[
    code("ge", "ไม่น้อยกว่า", "At least"),
    code("le", "ไม่เกิน", "At most"),
    code("gt", "มากกว่า", "More than"),
    code("lt", "น้อยกว่า", "Less than"),
    code("eq", "เท่ากับ", "Equal to"),
];

pub(super) const MEASUREMENT_STATUS: &[Code] = &[
    code("draft", "ร่าง", "Draft"),
    code("submitted", "ส่งแล้ว", "Submitted"),
    code("verified", "ตรวจแล้ว", "Verified"),
];

pub(super) const EVENT_TYPE: &[Code] = &[
    code("consultation", "การหารือ", "Consultation"),
    code("working_meeting", "ประชุมทำงาน", "Working meeting"),
    code("public_forum", "เวทีสาธารณะ", "Public forum"),
    code("learning_forum", "เวทีแลกเปลี่ยนเรียนรู้", "Learning forum"),
    code("lessons_learned", "ถอดบทเรียน", "Lessons learned"),
    code("workshop", "ประชุมเชิงปฏิบัติการ", "Workshop"),
    code("signing", "พิธีลงนาม", "Signing"),
    code("declaration", "ประกาศเจตนารมณ์", "Declaration"),
    code(
        "declaration_and_workshop",
        "ประกาศเจตนารมณ์และประชุมเชิงปฏิบัติการ",
        "Declaration and workshop",
    ),
    code("training", "อบรม", "Training"),
    code("site_visit", "ลงพื้นที่", "Site visit"),
];

pub(super) const EVENT_STATE: &[Code] = &[
    code("planned", "ตามแผน", "Planned"),
    code("held", "จัดแล้ว", "Held"),
    code("postponed", "เลื่อน", "Postponed"),
    code("cancelled", "ยกเลิก", "Cancelled"),
];

pub(super) const RESOLUTION_TYPE: &[Code] = &[
    code("policy_proposal", "ข้อเสนอเชิงนโยบาย", "Policy proposal"),
    code("proposal", "ข้อเสนอ", "Proposal"),
    code("resolution", "มติ", "Resolution"),
];

pub(super) const RESOLUTION_STATUS: &[Code] = &[
    code("collecting", "กำลังรวบรวม", "Collecting"),
    code("submitted", "เสนอแล้ว", "Submitted"),
    code("acknowledged", "รับทราบ", "Acknowledged"),
    code("adopted", "เห็นชอบ", "Adopted"),
    code("rejected", "ไม่เห็นชอบ", "Rejected"),
    code("implementing", "กำลังขับเคลื่อน", "Implementing"),
    code("done", "เสร็จสิ้น", "Done"),
];

pub(super) const BUILDING_BLOCK: &[Code] = &[
    code("service_delivery", "ระบบบริการ", "Service delivery"),
    code("workforce", "กำลังคน", "Workforce"),
    code("information", "ระบบสารสนเทศ", "Information"),
    code("medicines", "ยาและเวชภัณฑ์", "Medicines and supplies"),
    code("finance", "การเงินการคลัง", "Finance"),
    code(
        "governance",
        "ภาวะผู้นำและธรรมาภิบาล",
        "Leadership and governance",
    ),
];

pub(super) const UNIT: &[Code] = &[
    code("คน", "คน", "people"),
    code("ตำบล", "ตำบล", "subdistricts"),
    code("แห่ง", "แห่ง", "places"),
    code("ครั้ง", "ครั้ง", "times"),
    code("ครัวเรือน", "ครัวเรือน", "households"),
    code("เตียง", "เตียง", "beds"),
    code("ร้อยละ", "ร้อยละ", "percent"),
    code("บาท", "บาท", "baht"),
];

pub(super) const DATE_PRECISION: &[Code] = &[
    code("day", "วัน", "Day"),
    code("month", "เดือน", "Month"),
    code("quarter", "ไตรมาส", "Quarter"),
    code("fy", "ปีงบประมาณ", "Fiscal year"),
    code("approx", "โดยประมาณ", "Approximate"),
    code("unknown", "ไม่ทราบ", "Unknown"),
];

pub(super) const VISIBILITY: &[Code] = &[
    code("public", "เปิดเผย", "Public"),
    code("network", "เฉพาะเครือข่าย", "Network"),
    code("restricted", "จำกัด", "Restricted"),
    code("public_official", "ตำแหน่งทางการ", "Public official"),
    code("private", "ส่วนบุคคล", "Private"),
];

pub(super) const REFERENCE_SET: &[Code] = &[
    code("areas", "พื้นที่และเขตสุขภาพ", "Areas and health regions"),
    code("codes", "รหัสและความหมาย", "Codes and their labels"),
    code("abbreviations", "คำย่อ", "Abbreviations"),
    code("figures", "ตัวเลขในเกณฑ์", "Figures of the rules"),
];

pub(super) const DQ: &[Code] = &[
    code("horizon_unspecified", "ไม่ระบุระยะเวลา", "No horizon given"),
    code("no_budget", "ไม่มีงบประมาณ", "No budget given"),
    code("no_fy", "ไม่ระบุปีงบประมาณ", "No fiscal year given"),
    code("no_indicator", "ไม่มีตัวชี้วัด", "No indicator given"),
    code(
        "no_indicator_targets",
        "ไม่มีค่าเป้าหมายตัวชี้วัด",
        "No targets for indicators",
    ),
    code(
        "roles_inferred",
        "บทบาทอนุมานจากข้อความ",
        "Roles inferred from the text",
    ),
    code(
        "status_inferred",
        "สถานะอนุมานจากข้อความ",
        "Status inferred from the text",
    ),
    code(
        "strategies_grouped_by_editor",
        "จัดกลุ่มยุทธศาสตร์โดยผู้บันทึก",
        "Strategies grouped by the editor",
    ),
    code(
        "target_count_missing",
        "ไม่ระบุจำนวนเป้าหมาย",
        "Number of the target missing",
    ),
    code("year_conflict", "ปีขัดแย้งกัน", "Years contradict each other"),
];
