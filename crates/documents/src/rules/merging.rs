//! What merging the work of several offices left for people to look at. Nobody is held up by it.

use serde_json::Value;

use super::finding::{Finding, Rule, warning};
use crate::approval;
use crate::document::{Difference, Document};
use crate::kind::Kind;
use crate::path::Path;
use crate::schema::{self, FieldType, vocabulary};
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    EDITED_AFTER_APPROVAL,
    APPROVED_UNKNOWN,
    EDITED_AFTER_RETIREMENT,
    STATES_COMPETE,
    SIGNATURE_DISPUTED,
    TEXT_MERGED,
    NEWER_FIELD,
];

const EDITED_AFTER_APPROVAL: Rule = warning(
    "edited_after_approval",
    "แก้ไขหลังอนุมัติ: ดูส่วนที่ต่างด้วย `phaki diff` แล้วอนุมัติใหม่ด้วย `phaki approve`",
    "Edited after approval: `phaki diff` shows what differs; approve it anew with `phaki approve`",
);
const APPROVED_UNKNOWN: Rule = warning(
    "approved_version_unknown",
    "ยังไม่ได้รับรุ่นที่ได้รับอนุมัติ จึงยังบอกไม่ได้ว่ามีการแก้ไขหลังอนุมัติหรือไม่",
    "The version that was approved has not arrived here, so it is not known whether it was edited since",
);
const EDITED_AFTER_RETIREMENT: Rule = warning(
    "edited_after_retirement",
    "ถูกยกเลิกแต่มีการแก้ไขภายหลัง: คงไว้ด้วย `phaki edit ID --remove retired` หรือยืนยันการยกเลิกโดยแก้ retired/at",
    "Retired, but edited since: keep it with `phaki edit ID --remove retired`, or retire it again by setting retired/at",
);
const STATES_COMPETE: Rule = warning(
    "states_compete",
    "มีหลายสถานะที่บันทึกพร้อมกัน แสดงสถานะที่ก้าวหน้าที่สุด: เลือกด้วย `phaki resolve`",
    "Several states were recorded at once; the furthest is shown: choose with `phaki resolve`",
);
const SIGNATURE_DISPUTED: Rule = warning(
    "signature_disputed",
    "สถานะการลงนามของภาคีขัดแย้งกัน ให้ผู้ประสานงานสอบถามแล้วเลือกด้วย `phaki resolve`",
    "The state of this party's signature is disputed: the coordinator asks and settles it with `phaki resolve`",
);
const TEXT_MERGED: Rule = warning(
    "text_merged",
    "รวมข้อความอัตโนมัติจากการแก้ไขพร้อมกัน: อ่านทวน แล้วแก้ไขหรือยืนยันด้วย `phaki resolve ID ตำแหน่ง --shown`",
    "The text was merged from edits made at once: read it, then edit it or confirm it with `phaki resolve ID PATH --shown`",
);
const NEWER_FIELD: Rule = warning(
    "newer_field",
    "ต้องอัปเดตโปรแกรมจึงจะแสดงช่องนี้ได้: ข้อมูลถูกเก็บและส่งต่อครบถ้วน",
    "Update the program to see this field: it is kept and passed on untouched",
);

/// Paths that are named in a finding; `phaki diff` shows all.
const NAMED_MAX: usize = 5;

pub(super) fn check(document: &Document, subject: &Subject, findings: &mut Vec<Finding>) {
    approved(document, findings);
    for (path, values) in subject.rivals() {
        states(subject.kind(), path, values, findings);
    }
    for text in document.merged_texts() {
        findings.push(TEXT_MERGED.at(text.path.as_str()));
    }
    newer_fields(subject, findings);
}

/// A document that was withdrawn from use while others went on with it, or before they did.
pub(super) fn check_retired(document: &Document, findings: &mut Vec<Finding>) {
    const RETIRED: &str = "retired";
    let Ok(path) = Path::of_key(RETIRED) else {
        return;
    };
    let writers: Vec<_> = document.writers(&path).into_iter().collect();
    let Some(then) = document.at(&writers) else {
        return;
    };
    let differences = document.differences(&then, &[RETIRED]);
    if !differences.is_empty() {
        findings.push(EDITED_AFTER_RETIREMENT.shown_by(RETIRED, named(&differences)));
    }
}

fn approved(document: &Document, findings: &mut Vec<Finding>) {
    let Some(approved) = approval::last(document) else {
        return;
    };
    let Some(then) = &approved.document else {
        findings.push(APPROVED_UNKNOWN.at(&approved.path));
        return;
    };
    let differences = approval::differences(document, then);
    if !differences.is_empty() {
        findings.push(EDITED_AFTER_APPROVAL.shown_by(&approved.path, named(&differences)));
    }
}

fn named(differences: &[Difference]) -> String {
    let paths = differences.iter().take(NAMED_MAX);
    let mut named: Vec<&str> = paths.map(|one| one.path.as_str()).collect();
    if differences.len() > NAMED_MAX {
        named.push("…");
    }
    named.join(", ")
}

fn states(kind: Option<Kind>, path: &str, values: &[Value], findings: &mut Vec<Finding>) {
    let parsed = Path::parse(path).ok();
    let field = parsed.and_then(|path| schema::field_at(kind, &path)?.at);
    let Some(FieldType::Code(name)) = field else {
        return;
    };
    let rule = match name {
        "party.state" => SIGNATURE_DISPUTED,
        _ if matches!(path, "status" | "state") => STATES_COMPETE,
        _ => return,
    };
    let codes = values.iter().map(|value| value.as_str().unwrap_or("–"));
    let words = |thai: bool| {
        let words = codes
            .clone()
            .map(|code| match vocabulary::label(name, code) {
                Some(known) if thai => known.th,
                Some(known) => known.en,
                None => code,
            });
        words.collect::<Vec<_>>().join(" / ")
    };
    let finding = rule.at(path);
    findings.push(Finding {
        th: format!("{} ({})", finding.th, words(true)),
        en: format!("{} ({})", finding.en, words(false)),
        ..finding
    });
}

fn newer_fields(subject: &Subject, findings: &mut Vec<Finding>) {
    let mut last = String::new();
    for (key, _) in subject.leaves() {
        let field = key.split('/').next().unwrap_or(key);
        let known = Path::parse(field).is_ok_and(|path| {
            // Every document says itself which it is.
            path.is_identity() || schema::field_at(subject.kind(), &path).is_some()
        });
        let inside =
            || Path::parse(key).is_ok_and(|path| schema::field_at(subject.kind(), &path).is_some());
        if field != last && !known && !inside() {
            findings.push(NEWER_FIELD.at(field));
            field.clone_into(&mut last);
        }
    }
}
