//! The demonstration, step by step.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use phaki_wire::proto::local::v1::Conflict;
use serde_json::{Value, json};

use super::edits::{self, Edits, Field, at, on};
use super::federation::Federation;
use super::ledger::{Ledger, values_at};
use super::process::wait_for;
use super::relay::Line;
use super::report::Report;
use super::sample::{self, NODES, Placed, SPACES};
use super::{check, show};
use crate::commands::conflicts::names;
use crate::output::{Language, number};

/// Documents that are on their way when a node is killed, in each direction: some megabytes.
const PROJECTS: usize = 400;
/// Bytes a second of the line on which they are: a line of 256 kbit/s, so that "in the middle of
/// the sync" lasts for seconds.
const SLOW_LINE: u32 = 32 * 1024;

/// What the steps work with.
pub(super) struct Story<'a, 'b> {
    pub(super) federation: &'a mut Federation,
    pub(super) report: &'a mut Report<'b>,
    documents: Vec<Placed>,
    ledger: Ledger,
    projects: usize,
}

impl<'a, 'b> Story<'a, 'b> {
    pub(super) fn new(federation: &'a mut Federation, report: &'a mut Report<'b>) -> Self {
        Story {
            federation,
            report,
            documents: Vec::new(),
            ledger: Ledger::default(),
            projects: 0,
        }
    }

    /// Tells the whole story. An error means that it could not go on; claims that did not hold
    /// are in the report. The answer is the conflict that stays open.
    pub(super) async fn tell(&mut self) -> anyhow::Result<Field> {
        self.enrol().await?;
        self.load().await?;
        self.live_edit().await?;
        let edits = self.work_apart().await?;
        self.kill_in_the_middle().await?;
        self.come_together().await?;
        self.list_conflicts(&edits).await?;
        self.resolve(&edits).await?;
        self.last_look().await?;
        Ok(edits.party)
    }

    async fn enrol(&mut self) -> anyhow::Result<()> {
        self.report.step(
            "ห้าโหนดเริ่มทำงานและเข้าร่วมสหพันธ์ด้วยคำเชิญคนละหนึ่งข้อความ",
            "Five nodes start and form a federation; each joins with one invite",
        )?;
        self.federation.found().await?;
        wait_for("the full roster at all nodes", async || {
            for process in self.federation.nodes() {
                let roster = process.client()?.roster().await?;
                let names: BTreeSet<&str> = roster
                    .nodes
                    .iter()
                    .filter(|node| node.status == "active")
                    .map(|node| node.name.as_str())
                    .collect();
                if !names.iter().eq(&BTreeSet::from(NODES)) {
                    return Ok(Err(format!("{} knows {} nodes", process.name, names.len())));
                }
            }
            Ok(Ok(()))
        })
        .await?;
        self.federation.wait_for_links(&NODES[1..]).await?;
        self.report.tally.nodes = self.federation.nodes().len();
        let names = NODES.join(", ");
        self.report.claim(
            format!("ทุกโหนดรู้จักกันครบ: {names}"),
            format!("every node knows all of them: {names}"),
            &[],
        )
    }

    async fn load(&mut self) -> anyhow::Result<()> {
        self.report.step(
            "สร้างพื้นที่ข้อมูล แบ่งปัน และใส่เอกสารตัวอย่างที่โหนดเจ้าของ",
            "Spaces are created and shared; each sample document is put in at its home node",
        )?;
        self.federation.share().await?;
        self.documents = sample::networks()?;
        let networks = self.documents.len();
        self.documents.extend(sample::drafts()?);
        let drafts = self.documents.len() - networks;
        self.federation.load(&self.documents).await?;
        self.report.fact(
            format!("ใส่เอกสารของห้าเครือข่าย {networks} ฉบับ และร่างที่ไม่เปิดเผย {drafts} ฉบับ"),
            format!("put in {networks} documents of five networks and {drafts} private drafts"),
        )?;
        check::wait_in_step(self.federation, &self.documents).await?;
        let readings = check::read_all(self.federation).await?;
        show::matrix(self.report, &readings)?;
        self.report.claim(
            "ทุกโหนดมีสิ่งที่แบ่งปันให้ครบถ้วนและตรงกัน".to_owned(),
            "everybody has everything that is shared with them, equal to the last field".to_owned(),
            &check::differences(&readings, &self.documents),
        )?;
        let leaks = check::leaks(self.federation, &readings, &self.documents)?;
        self.report.claim(
            "และไม่มีอย่างอื่น: ไม่มีเอกสาร ไม่มีชื่อพื้นที่ ไม่มีร่องรอยในฐานข้อมูล".to_owned(),
            "and nothing else: no document, no name of a space, no trace in a database file"
                .to_owned(),
            &leaks,
        )
    }

    async fn live_edit(&mut self) -> anyhow::Result<()> {
        self.report.step(
            "แก้ไขหนึ่งครั้งที่ TH-40 ขณะเชื่อมต่ออยู่",
            "One edit at TH-40 while it is connected",
        )?;
        let wanted = edits::live(&self.documents)?;
        let (id, sets) = (wanted.id.clone(), wanted.sets.clone());
        let mut client = self.federation.client("TH")?;
        let begun = Instant::now();
        self.ledger.edit(self.federation, wanted).await?;
        let stored = begun.elapsed();
        wait_for("the arrival of an edit", async || {
            let shown = client.show(&id, "").await?;
            let there = sets
                .iter()
                .all(|(path, value)| values_at(&shown, path).contains(value));
            Ok(if there {
                Ok(())
            } else {
                Err("TH has it not".to_owned())
            })
        })
        .await?;
        let seen = begun.elapsed();
        let [stored, seen] = [stored, seen].map(milliseconds);
        self.report.claim(
            format!("ลงดิสก์ที่ TH-40 ใน {stored} มิลลิวินาที เห็นที่ TH ใน {seen} มิลลิวินาที"),
            format!("durable at TH-40 after {stored} ms, seen at TH after {seen} ms"),
            &[],
        )
    }

    async fn work_apart(&mut self) -> anyhow::Result<Edits> {
        self.report.step(
            "ตัดสายของ TH-41, TH-84 และ TH-90 แล้วทุกฝ่ายทำงานต่อ",
            "The lines of TH-41, TH-84 and TH-90 are cut, and everybody goes on working",
        )?;
        for node in ["TH-41", "TH-84", "TH-90"] {
            self.federation.line(node, Line::Cut);
        }
        self.federation.wait_for_links(&["TH-40"]).await?;
        let edits = edits::apart(&self.documents)?;
        let mut slowest = Duration::ZERO;
        for wanted in &edits.apart {
            let begun = Instant::now();
            self.ledger.edit(self.federation, wanted.clone()).await?;
            slowest = slowest.max(begun.elapsed());
            show::edit(self.report, wanted)?;
        }
        let mut projects = sample::projects("TH-90", "province-90", "90", PROJECTS)?;
        projects.extend(sample::projects("TH", "national", "TH", PROJECTS)?);
        self.federation.load(&projects).await?;
        self.projects = projects.len();
        self.documents.extend(projects);
        let count = number::grouped(PROJECTS as u64);
        self.report.fact(
            format!("นำเข้าโครงการ {count} ฉบับที่ TH-90 และอีก {count} ฉบับที่ TH"),
            format!("{count} projects are imported at TH-90, and {count} others at TH"),
        )?;
        let (count, slowest) = (edits.apart.len(), milliseconds(slowest));
        self.report.claim(
            format!("รับการแก้ไขครบ {count} ครั้งโดยไม่ต้องรอสาย ช้าที่สุด {slowest} มิลลิวินาที"),
            format!("all {count} edits were accepted without a line, the slowest in {slowest} ms"),
            &[],
        )?;
        Ok(edits)
    }

    async fn kill_in_the_middle(&mut self) -> anyhow::Result<()> {
        self.report.step(
            "ต่อสายของ TH-90 ที่ความเร็วต่ำ และฆ่าโหนดด้วย SIGKILL กลางคัน",
            "TH-90 gets a slow line back, and is killed with SIGKILL in the middle of the sync",
        )?;
        let all = self.documents_in("province-90");
        let before = all - PROJECTS;
        let mut national = self.federation.client("TH")?;
        self.federation.line("TH-90", Line::Slow(SLOW_LINE));
        wait_for(
            "the arrival of a third of the documents of TH-90",
            async || {
                let there = documents_of(&national.spaces().await?, "province-90");
                Ok(if there >= before + PROJECTS / 3 {
                    Ok(())
                } else {
                    Err(format!("TH has {there}"))
                })
            },
        )
        .await?;
        self.federation.node_mut("TH-90")?.kill().await?;
        self.federation.line("TH-90", Line::Cut);
        self.federation.wait_for_links(&["TH-40"]).await?;
        let arrived = documents_of(&national.spaces().await?, "province-90") - before;
        let contradiction = (arrived >= PROJECTS)
            .then(|| format!("all {PROJECTS} documents had arrived, it was too late"));
        self.report.claim(
            format!("ถูกฆ่าเมื่อถึง TH แล้ว {arrived} จาก {PROJECTS} ฉบับ"),
            format!("killed when {arrived} of its {PROJECTS} documents had arrived at TH"),
            contradiction.as_slice(),
        )?;
        self.federation.node_mut("TH-90")?.start("").await?;
        // Its line is still cut: what it has now, it had on its own disk.
        let spaces = self.federation.client("TH-90")?.spaces().await?;
        let own = documents_of(&spaces, "province-90");
        let mut lacking = self.ledger.lost_at_home(self.federation, "TH-90").await?;
        if own != all {
            lacking.push(format!("{own} of {all} documents in province-90"));
        }
        self.report.claim(
            "เริ่มใหม่แล้ว ทุกอย่างที่ TH-90 เคยรับไว้ยังอยู่ครบก่อนต่อสาย".to_owned(),
            "started again: all that TH-90 had accepted is there, before it gets a line".to_owned(),
            &lacking,
        )
    }

    async fn come_together(&mut self) -> anyhow::Result<()> {
        self.report.step("ต่อสายทั้งหมด", "All lines are restored")?;
        for node in &NODES[1..] {
            self.federation.line(node, Line::Open);
        }
        check::wait_in_step(self.federation, &self.documents).await?;
        let readings = check::read_all(self.federation).await?;
        let differences = check::differences(&readings, &self.documents);
        self.report.claim(
            "ทุกโหนดมีเอกสารที่แบ่งปันตรงกันทุกฉบับ".to_owned(),
            "every node has every document that is shared with it, and they are equal".to_owned(),
            &differences,
        )?;
        let lost = self.ledger.lost(self.federation).await?;
        let (made, projects) = (self.ledger.len(), number::grouped(self.projects as u64));
        self.report.claim(
            format!("ไม่มีสิ่งใดหาย: แก้ไข {made} ครั้ง โครงการใหม่ {projects} ฉบับ อยู่ครบทุกโหนด"),
            format!(
                "nothing is lost: all {made} edits and {projects} new projects are at every node \
                 that shares them"
            ),
            &lost,
        )
    }

    async fn list_conflicts(&mut self, edits: &Edits) -> anyhow::Result<()> {
        self.report.step(
            "ค่าที่ขัดแย้งกันจริงถูกเก็บไว้ทั้งคู่ พร้อมผู้เขียน",
            "Real conflicts are kept with both values and their authors",
        )?;
        let mut national = self.federation.client("TH")?;
        let found = national.conflicts("", "").await?;
        let names = names(&mut national, &found).await;
        show::conflicts(self.report, &names, &found)?;
        self.report.tally.conflicts_found = self.all_conflicts().await?.len();
        let wrong = self.wrong_conflicts(&[&edits.budget, &edits.party]).await?;
        self.report.claim(
            "มีสองจุดนี้เท่านั้น และเห็นเหมือนกันทุกโหนดที่แบ่งปัน".to_owned(),
            "these two and no others, the same at every node that shares them".to_owned(),
            &wrong,
        )
    }

    async fn resolve(&mut self, edits: &Edits) -> anyhow::Result<()> {
        self.report.step(
            "เจ้าหน้าที่ที่ TH-41 เลือกค่างบประมาณ",
            "An officer at TH-41 settles the budget",
        )?;
        let agreed = json!(edits::BUDGET_AGREED);
        let choice = on(&edits.budget, agreed.clone());
        let choice = at("TH-41", "udon-07", "ตกลงกันทางโทรศัพท์", choice);
        self.ledger.resolve(self.federation, choice).await?;
        check::wait_in_step(self.federation, &self.documents).await?;
        let mut wrong = Vec::new();
        for plan in SPACES.iter().filter(|plan| plan.name == edits.budget.space) {
            for node in plan.members() {
                let mut client = self.federation.client(node)?;
                let shown = client.show(&edits.budget.id, edits.budget.space).await?;
                let values = values_at(&shown, &edits.budget.path);
                if values != [agreed.clone()] {
                    wrong.push(format!("{node} shows {values:?}"));
                }
            }
        }
        wrong.extend(self.wrong_conflicts(&[&edits.party]).await?);
        if wrong.is_empty() {
            self.report.tally.conflicts_resolved += 1;
        }
        let amount = |language| number::baht(edits::BUDGET_AGREED, language);
        let (th, en) = (amount(Language::Thai), amount(Language::English));
        self.report.claim(
            format!("ทุกโหนดที่แบ่งปันเห็น {th} และเหลือความขัดแย้งหนึ่งจุด"),
            format!("every node that shares it shows {en}; the other conflict stays open"),
            &wrong,
        )
    }

    async fn last_look(&mut self) -> anyhow::Result<()> {
        self.report
            .step("ตรวจครั้งสุดท้าย", "A last look at everything")?;
        let readings = check::read_all(self.federation).await?;
        let differences = check::differences(&readings, &self.documents);
        let lost = self.ledger.lost(self.federation).await?;
        let unequal = check::unequal_heads(&readings);
        let leaks = check::leaks(self.federation, &readings, &self.documents)?;
        let tally = &mut self.report.tally;
        tally.documents = check::documents(&readings);
        tally.entries = check::entries(&readings);
        tally.converged = differences.is_empty();
        tally.edits_made = self.ledger.len() + self.projects;
        // A new document that is missing somewhere is a lost edit as well.
        tally.edits_lost = lost.len() + differences.len();
        tally.heads_equal = unequal.is_empty();
        tally.unshared_leaked = leaks.len();
        show::matrix(self.report, &readings)?;
        let (documents, entries) = (
            number::grouped(self.report.tally.documents as u64),
            number::grouped(self.report.tally.entries),
        );
        self.report.claim(
            format!("{documents} เอกสาร {entries} รายการ: สถานะปลายสุดของเอกสารตรงกันทุกโหนด"),
            format!(
                "{documents} documents, {entries} entries: document heads are equal everywhere"
            ),
            &[differences, unequal].concat(),
        )?;
        self.report.claim(
            "การแก้ไขทุกครั้งอยู่ในประวัติของทุกโหนดที่แบ่งปัน".to_owned(),
            "every edit is in the history at every node that shares it".to_owned(),
            &lost,
        )?;
        self.report.claim(
            "สิ่งที่ไม่แบ่งปันไม่เคยออกจากโหนดของตน".to_owned(),
            "what is not shared never left its node".to_owned(),
            &leaks,
        )?;
        let errors: Vec<String> = self
            .federation
            .nodes()
            .iter()
            .flat_map(|process| {
                let lines = process.errors_logged().into_iter();
                lines.map(|line| format!("{}: {line}", process.name))
            })
            .collect();
        self.report.claim(
            "ไม่มีโหนดใดบันทึกข้อผิดพลาด".to_owned(),
            "no node logged an error".to_owned(),
            &errors,
        )
    }

    fn documents_in(&self, space: &str) -> usize {
        self.documents
            .iter()
            .filter(|placed| placed.space == space)
            .count()
    }

    /// The different conflicts of all nodes, by space, document and path.
    async fn all_conflicts(&self) -> anyhow::Result<BTreeSet<(String, String, String)>> {
        let mut all = BTreeSet::new();
        for process in self.federation.nodes() {
            let found = process.client()?.conflicts("", "").await?;
            all.extend(found.into_iter().map(|one| (one.space, one.id, one.path)));
        }
        Ok(all)
    }

    /// Where a node lists other conflicts than it should, or not as TH does.
    async fn wrong_conflicts(&self, expected: &[&Field]) -> anyhow::Result<Vec<String>> {
        let reference = self.federation.client("TH")?.conflicts("", "").await?;
        let mut wrong = Vec::new();
        for process in self.federation.nodes() {
            let shared: Vec<&&Field> = expected
                .iter()
                .filter(|field| {
                    SPACES
                        .iter()
                        .any(|plan| plan.name == field.space && plan.is_member(process.name))
                })
                .collect();
            let found = process.client()?.conflicts("", "").await?;
            for field in &shared {
                let here = found.iter().find(|one| is_at(one, field));
                let there = reference.iter().find(|one| is_at(one, field));
                match here {
                    None => wrong.push(format!("{} does not list {}", process.name, field.path)),
                    Some(here) if values(here).len() != 2 => {
                        wrong.push(format!("{} has {:?}", process.name, values(here)));
                    }
                    Some(here) if there.is_none_or(|there| values(there) != values(here)) => {
                        wrong.push(format!("{} has other values than TH", process.name));
                    }
                    Some(_) => {}
                }
            }
            for other in &found {
                if !shared.iter().any(|field| is_at(other, field)) {
                    wrong.push(format!(
                        "{} also lists {} {}",
                        process.name, other.id, other.path
                    ));
                }
            }
        }
        Ok(wrong)
    }
}

fn is_at(conflict: &Conflict, field: &Field) -> bool {
    conflict.id == field.id && conflict.path == field.path
}

/// Values with the nodes that gave them, in the order in which they are listed.
fn values(conflict: &Conflict) -> Vec<(Value, String)> {
    conflict
        .values
        .iter()
        .map(|one| {
            let value = serde_json::from_str(&one.value_json).unwrap_or(Value::Null);
            (value, one.node.clone())
        })
        .collect()
}

fn documents_of(spaces: &[phaki_wire::proto::local::v1::Space], name: &str) -> usize {
    let space = spaces.iter().find(|space| space.name == name);
    space.map_or(0, |space| {
        usize::try_from(space.documents).unwrap_or(usize::MAX)
    })
}

fn milliseconds(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f64() * 1000.0)
}
