//! What the rules find in the five sample networks: the flags that their sources deserve.

use phaki_documents::Document;
use phaki_documents::date::Date;
use phaki_documents::reference::Reference;
use phaki_documents::rules::{Gists, Setting, check};

use crate::replica::Replica;
use crate::samples::samples;

#[test]
fn the_five_sample_networks_have_exactly_the_flags_that_their_sources_deserve() {
    let documents: Vec<Document> = samples()
        .iter()
        .map(|(id, json)| {
            let mut writer = Replica::new(*id, 1);
            writer.create(json);
            writer.document
        })
        .collect();
    let mut around = Gists::default();
    documents.iter().for_each(|document| around.take(document));
    let today = Date::parse("2026-11-24").unwrap();
    let mut lines = Vec::new();
    for document in &documents {
        let setting = Setting {
            today,
            around: &around,
            reference: &Reference::built_in(),
        };
        let title = document.summary().title;
        for finding in check(document, &setting) {
            // The id of a list item derives from its content and says nothing here.
            let path = finding.path.split("/#").next().unwrap_or_default();
            let severity = finding.severity.name();
            lines.push(format!("{severity} {} {path} | {title}", finding.code));
        }
    }
    assert_eq!(lines.join("\n"), FINDINGS.trim());
}

const FINDINGS: &str = "
warning no_fy fy_be | แผนพัฒนากลไกความร่วมมืออภิบาลระบบสุขภาพท้องถิ่น จังหวัดขอนแก่น
warning no_budget ceiling_satang | แผนพัฒนากลไกความร่วมมืออภิบาลระบบสุขภาพท้องถิ่น จังหวัดขอนแก่น
warning plan_without_data situation | แผนพัฒนากลไกความร่วมมืออภิบาลระบบสุขภาพท้องถิ่น จังหวัดขอนแก่น
warning plan_without_evaluation review | แผนพัฒนากลไกความร่วมมืออภิบาลระบบสุขภาพท้องถิ่น จังหวัดขอนแก่น
warning target_count_missing targets/pilot_rpsst/count | ออกแบบ Sandbox ระบบบริการสุขภาพท้องถิ่น และทดลองใช้กับ รพ.สต. เป้าหมาย
warning roles_inferred dq | ออกแบบ Sandbox ระบบบริการสุขภาพท้องถิ่น และทดลองใช้กับ รพ.สต. เป้าหมาย
warning status_inferred dq | ออกแบบ Sandbox ระบบบริการสุขภาพท้องถิ่น และทดลองใช้กับ รพ.สต. เป้าหมาย
warning no_fy fy_be | แผนยุทธศาสตร์ด้านการพัฒนาระบบสุขภาพท้องถิ่น
warning no_budget ceiling_satang | แผนยุทธศาสตร์ด้านการพัฒนาระบบสุขภาพท้องถิ่น
warning plan_without_data situation | แผนยุทธศาสตร์ด้านการพัฒนาระบบสุขภาพท้องถิ่น
warning plan_without_evaluation review | แผนยุทธศาสตร์ด้านการพัฒนาระบบสุขภาพท้องถิ่น
warning strategies_grouped_by_editor dq | แผนยุทธศาสตร์ด้านการพัฒนาระบบสุขภาพท้องถิ่น
warning horizon_unspecified dq | เวทีสาธารณะจากพื้นที่สู่ข้อเสนอเชิงนโยบาย
warning horizon_unspecified dq | รวบรวมข้อเสนอเชิงนโยบายระบบสุขภาพท้องถิ่น
warning horizon_unspecified dq | จัดทำแผนยุทธศาสตร์ระบบสุขภาพท้องถิ่น
warning horizon_unspecified dq | ขยายผลชุดความรู้จากงานวิจัยสู่ท้องถิ่น
warning horizon_unspecified dq | ออกแบบคณะกรรมการสุขภาพระดับพื้นที่
warning horizon_unspecified dq | พัฒนากำลังคนท้องถิ่นด้านสุขภาพองค์รวม
warning plan_without_data situation | แผนยุทธศาสตร์การพัฒนาจังหวัดอุดรธานี ปี 2552 — ยุทธศาสตร์การพัฒนาสุขภาพจังหวัด
warning status_inferred dq | แผนยุทธศาสตร์การพัฒนาจังหวัดอุดรธานี ปี 2552 — ยุทธศาสตร์การพัฒนาสุขภาพจังหวัด
warning status_inferred dq | โครงการพัฒนาสุขภาพแบบบูรณาการ
warning status_inferred dq | กิจกรรมการพัฒนาเครือข่ายแกนนำสร้างสุขภาพฯ
warning date_inferred date | เวทีแลกเปลี่ยนเรียนรู้เครือข่ายสุขภาพ จ.อุดรธานี เรื่อง การบริหารกองทุนหลักประกันสุขภาพ (โดยใช้แผนที่ยุทธศาสตร์)
warning no_fy fy_be | แผนความร่วมมือ “เติมสุขควนเนียง”
warning no_budget ceiling_satang | แผนความร่วมมือ “เติมสุขควนเนียง”
warning plan_without_data situation | แผนความร่วมมือ “เติมสุขควนเนียง”
warning plan_without_evaluation review | แผนความร่วมมือ “เติมสุขควนเนียง”
warning no_indicator_targets dq | แผนความร่วมมือ “เติมสุขควนเนียง”
warning no_budget dq | เชื่อมโยงกับระบบข้อมูลกลางของจังหวัด
warning no_indicator dq | เชื่อมโยงกับระบบข้อมูลกลางของจังหวัด
warning roles_inferred dq | เชื่อมโยงกับระบบข้อมูลกลางของจังหวัด
warning no_budget ceiling_satang | แผนปฏิบัติการปี 2559 (เป้าหมายปีงบประมาณ 2559-2560) เขต 11
warning plan_without_data situation | แผนปฏิบัติการปี 2559 (เป้าหมายปีงบประมาณ 2559-2560) เขต 11
warning plan_without_evaluation review | แผนปฏิบัติการปี 2559 (เป้าหมายปีงบประมาณ 2559-2560) เขต 11
warning status_inferred dq | แผนปฏิบัติการปี 2559 (เป้าหมายปีงบประมาณ 2559-2560) เขต 11
warning year_conflict as_written/year | โครงการเสริมกลไกให้ท้องถิ่นเป็นเจ้าของกองทุนหลักประกันสุขภาพ
warning status_inferred dq | โครงการเสริมกลไกให้ท้องถิ่นเป็นเจ้าของกองทุนหลักประกันสุขภาพ
warning status_inferred dq | พัฒนาคนและงานท้องถิ่นโดยมีหน่วยงานรัฐเป็นพี่เลี้ยง
warning status_inferred dq | คืนข้อมูลสุขภาพให้ชุมชนใช้วางแผน
";
