//! A planning year of four offices whose lines are cut nearly always: two master lists that overlap,
//! an agreement of forty parties, a plan, activities with budgets, an approval, payments, figures of
//! two reporters, a review, and the next year.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use phaki_tests::federation::{Federation, holding, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::wait;
use serde_json::{Map, Value, json};

use crate::federation;

const SPACE: &str = "songkhla";
const AGREEMENT: &str = "agreement_01960000-0000-7000-8000-000000000001";
const PLAN: &str = "plan_01960000-0000-7000-8000-000000000002";
const INDICATOR: &str = "indicator_01960000-0000-7000-8000-000000000003";
const PARTIES: u64 = 40;

/// The four offices, and the lines of three of them to the first.
struct Offices {
    federation: Federation,
    nation: Node,
    songkhla: Node,
    phatthalung: Node,
    satun: Node,
    lines: Vec<Proxy>,
}

impl Offices {
    async fn apart() -> Self {
        let federation = federation();
        let nation = federation.found().await;
        let (songkhla, first) = federation.admit(&nation, "TH-90").await;
        let (phatthalung, second) = federation.admit(&nation, "TH-93").await;
        let (satun, third) = federation.admit(&nation, "TH-91").await;
        share(&nation, SPACE, &[&songkhla, &phatthalung, &satun]).await;
        let lines = vec![first, second, third];
        lines.iter().for_each(Proxy::cut);
        Self {
            federation,
            nation,
            songkhla,
            phatthalung,
            satun,
            lines,
        }
    }

    fn all(&self) -> [&Node; 4] {
        [&self.nation, &self.songkhla, &self.phatthalung, &self.satun]
    }

    /// The lines come back until all hold the same, and are cut again.
    async fn meet(&self) {
        self.lines.iter().for_each(Proxy::restore);
        wait::until("all offices hold the same", async || {
            let first = holding(&self.nation, SPACE).await;
            for node in [&self.songkhla, &self.phatthalung, &self.satun] {
                if holding(node, SPACE).await != first {
                    return None;
                }
            }
            Some(())
        })
        .await;
        self.lines.iter().for_each(Proxy::cut);
    }

    /// Writes a file and imports it; how many documents it created and changed.
    fn import(&self, node: &Node, name: &str, text: &str) -> [u64; 2] {
        let file = self.federation.folder().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        self.import_again(node, name)
    }

    fn import_again(&self, node: &Node, name: &str) -> [u64; 2] {
        let file = self.federation.folder().join(name);
        let told = told(node, &["import", file.to_str().unwrap(), "--space", SPACE]);
        ["created", "changed"].map(|count| told[count].as_u64().unwrap())
    }
}

/// What a command tells programs.
fn told(node: &Node, arguments: &[&str]) -> Value {
    let answer = node.command(&[arguments, &["--json"]].concat());
    serde_json::from_str(&answer).unwrap()
}

/// The same of a command that tells one object a line.
fn lines(node: &Node, arguments: &[&str]) -> Vec<Value> {
    let answer = node.command(&[arguments, &["--json"]].concat());
    let lines = answer.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The codes of what is found in a document.
fn findings(node: &Node, id: &str) -> Vec<String> {
    let output = node.run(&["check", id, "--json"]);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let found = checked["findings"].as_array().cloned().unwrap_or_default();
    let code = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
    found.iter().map(code).collect()
}

fn edit(node: &Node, id: &str, fields: &[String]) {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    node.command(&[&["edit", id], &fields[..]].concat());
}

/// A master list of health units, with one club that has no code.
fn master_list(codes: std::ops::RangeInclusive<u32>, odd: (u32, &str), club: &str) -> String {
    let mut rows =
        String::from("Document id [org],[name/th],[type],[areas],[identifiers/hcode5/value]\r\n");
    for code in codes {
        let name = match code == odd.0 {
            true => odd.1.to_owned(),
            false => format!("รพ.สต.บ้านที่ {code}"),
        };
        write!(rows, ",{name},rpsst,90,{code:05}\r\n").unwrap();
    }
    write!(rows, ",{club},vhv_club,9013,\r\n").unwrap();
    rows
}

/// Two lists with ten units in common: each of them is one document, whose name is in conflict where
/// the lists differ; the two records of the club without a code are merged.
async fn directory(offices: &Offices) -> String {
    let Offices {
        songkhla,
        phatthalung,
        satun,
        nation,
        ..
    } = offices;
    let here = master_list(9001..=9030, (0, ""), "ชมรม อสม.ควนเนียง");
    let there = master_list(
        9021..=9050,
        (9025, "โรงพยาบาลส่งเสริมสุขภาพตำบลบ้านที่ 9025"),
        "ชมรม อสม. ควนเนียง",
    );
    assert_eq!(offices.import(songkhla, "songkhla.csv", &here), [31, 0]);
    assert_eq!(
        offices.import(phatthalung, "phatthalung.csv", &there),
        [31, 0]
    );
    assert_eq!(offices.import_again(phatthalung, "phatthalung.csv"), [0, 0]);
    offices.meet().await;

    let organisations = lines(satun, &["list", "--kind", "org"]);
    assert_eq!(organisations.len(), 52);
    let conflicts = lines(satun, &["conflicts"]);
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    satun.command(&["resolve", "--all", "--value-of", "TH-90", "--space", SPACE]);
    let clubs = organisations
        .iter()
        .filter(|row| row["subtype"] == "vhv_club");
    let clubs: Vec<&str> = clubs.map(|row| row["id"].as_str().unwrap()).collect();
    let [remains, other] = clubs[..] else {
        panic!("{clubs:?}");
    };
    nation.command(&["merge", other, remains, "-m", "รายการซ้ำ"]);
    offices.meet().await;
    assert!(lines(songkhla, &["conflicts"]).is_empty());
    let named = told(songkhla, &["show", remains]);
    assert!(named["name"]["th"].as_str().unwrap().contains("ควนเนียง"));
    remains.to_owned()
}

/// Forty parties sign at two places; each signature is an entry of its own.
async fn agreement(offices: &Offices) {
    let party = |number: u64| {
        let role = if number <= 21 { "signatory" } else { "advisor" };
        let party = json!({"position": format!("ผู้แทนหน่วยงานที่ {number}"), "role": role, "order": number,
            "state": "invited"});
        (format!("p{number}"), party)
    };
    let draft = json!({
        "id": AGREEMENT, "kind": "agreement", "type": "mou", "areas": ["9013"], "status": "drafting",
        "title": {"th": "บันทึกข้อตกลงเติมสุขควนเนียง"},
        "parties": (1..=PARTIES).map(party).collect::<Map<String, Value>>(),
    });
    let created = offices.import(&offices.songkhla, "agreement.jsonl", &draft.to_string());
    assert_eq!(created, [1, 0]);
    offices.meet().await;
    let signed = |numbers: std::ops::RangeInclusive<u64>| {
        let fields = numbers.flat_map(|number| {
            let of = |field: &str, value: &str| format!("parties/p{number}/{field}={value}");
            [of("state", "signed"), of("signed_at", "2023-11-22")]
        });
        fields.collect::<Vec<_>>()
    };
    edit(&offices.songkhla, AGREEMENT, &signed(1..=21));
    edit(&offices.phatthalung, AGREEMENT, &signed(22..=PARTIES));
    edit(&offices.nation, AGREEMENT, &["status=signed".to_owned()]);
    offices.meet().await;
    let shown = told(&offices.satun, &["show", AGREEMENT]);
    let parties = shown["parties"].as_object().unwrap();
    let signed = parties.values().filter(|party| party["state"] == "signed");
    assert_eq!(
        (signed.count() as u64, &shown["status"]),
        (PARTIES, &json!("signed"))
    );
    assert!(lines(&offices.satun, &["conflicts"]).is_empty());
}

/// A plan with three strategies and nine measures, and two activities with budgets from a spreadsheet.
async fn plan(offices: &Offices, owner: &str) -> BTreeMap<String, String> {
    let strategy = |number: u32| {
        let measure = |of: u32| {
            let text = format!("มาตรการที่ {number}.{of}");
            (format!("m{of}"), json!({"order": of, "text": text}))
        };
        let measures: Map<String, Value> = (1..=3).map(measure).collect();
        let text = format!("ยุทธศาสตร์ที่ {number}");
        (
            format!("s{number}"),
            json!({"order": number, "th": text, "measures": measures}),
        )
    };
    let draft = json!({
        "id": PLAN, "kind": "plan", "type": "area_health_plan", "owner": owner, "areas": ["9013"],
        "title": {"th": "แผนสุขภาพอำเภอควนเนียง"}, "fy_be": [2567], "status": "draft",
        "goal": {"th": "คนควนเนียงอยู่ดีมีสุข"}, "situation": "ข้อมูลจากเวทีประชาคม",
        "ceiling_satang": 200_000_000, "implements": [AGREEMENT],
        "strategies": (1..=3).map(strategy).collect::<Map<String, Value>>(),
    });
    assert_eq!(
        offices.import(&offices.songkhla, "plan.jsonl", &draft.to_string()),
        [1, 0]
    );
    let activities = format!(
        "Document id [activity],[title/th],[plan],[areas],[strategy],[status]\r\n\
         a1,อบรมแกนนำสุขภาพ,{PLAN},9013,s1,draft\r\n\
         a2,ตลาดอาหารปลอดภัย,{PLAN},9013,s2,draft\r\n"
    );
    let budget = "Document id [activity.budget],Key: Budget lines,[source],[fy_be],[amount_satang],[stage]\r\n\
         a1,b1,nhso_local_fund,2567,1.2 ล้านบาท,requested\r\n\
         a2,b1,pao,2567,\"600,000.50\",requested\r\n";
    let folder = offices.federation.folder().join("activities");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("activity.budget.csv"), budget).unwrap();
    fs::write(folder.join("activity.csv"), activities).unwrap();
    assert_eq!(
        offices.import_again(&offices.songkhla, "activities"),
        [2, 0]
    );
    assert_eq!(
        offices.import_again(&offices.songkhla, "activities"),
        [0, 0]
    );
    offices.meet().await;
    let rows = lines(&offices.nation, &["list", "--kind", "activity"]);
    let named = rows.iter().map(|row| {
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        (text("title"), text("id"))
    });
    named.collect()
}

/// What is approved at one place is edited at another meanwhile: everybody is told, and it is
/// approved again.
async fn approval(offices: &Offices, owner: &str, activities: &[&String]) {
    let Offices {
        nation,
        songkhla,
        satun,
        ..
    } = offices;
    nation.command(&[
        "approve",
        PLAN,
        "--by",
        owner,
        "--meeting",
        "ครั้งที่ 1/2567",
        "--key",
        "first",
    ]);
    for activity in activities {
        edit(nation, activity, &["budget/b1/stage=approved".to_owned()]);
        nation.command(&["approve", activity, "--by", owner, "--key", "first"]);
    }
    edit(
        songkhla,
        PLAN,
        &["strategies/s3/measures/m3/text=มาตรการที่เขียนใหม่".to_owned()],
    );
    offices.meet().await;
    let found = findings(satun, PLAN);
    assert!(
        found.contains(&"edited_after_approval".to_owned()),
        "{found:?}"
    );
    let differences = told(satun, &["diff", PLAN]);
    assert_eq!(
        differences["differences"][0]["path"],
        "strategies/s3/measures/m3/text"
    );
    nation.command(&["approve", PLAN, "--by", owner, "--key", "second"]);
    edit(nation, PLAN, &["status=in_progress".to_owned()]);
    offices.meet().await;
    let found = findings(satun, PLAN);
    assert!(
        !found.contains(&"edited_after_approval".to_owned()),
        "{found:?}"
    );
}

/// Two offices pay from one line while apart; both payments count.
async fn payments(offices: &Offices, activity: &str) {
    let payment = |key: &str, baht: u64| {
        let paid = json!({"date": "2024-03-15", "amount_satang": baht * 100, "line": "b1"});
        format!("disbursements/{key}={paid}")
    };
    edit(&offices.songkhla, activity, &[payment("d1", 700_000)]);
    edit(&offices.satun, activity, &[payment("d2", 600_000)]);
    offices.meet().await;
    for node in offices.all() {
        let found = findings(node, activity);
        assert!(
            found.contains(&"paid_over_approved".to_owned()),
            "{found:?}"
        );
    }
    edit(&offices.satun, activity, &[payment("d2", 400_000)]);
    offices.meet().await;
    let found = findings(&offices.nation, activity);
    assert!(
        !found.contains(&"paid_over_approved".to_owned()),
        "{found:?}"
    );
}

/// Four quarters, reported by two offices that never see each other's figures in time; where they
/// differ, the owner chooses with a reason.
async fn quarters(offices: &Offices) {
    let indicator = json!({
        "id": INDICATOR, "kind": "indicator", "title": {"th": "ร้อยละของครัวเรือนที่ร่วมกิจกรรม"}, "unit": "percent",
        "areas": ["9013"], "fy_be": [2567], "plan": PLAN,
        "targets": {"FY2567Q4": {"comparator": "gte", "value": "80"}},
    });
    offices.import(&offices.nation, "indicator.jsonl", &indicator.to_string());
    offices.meet().await;
    for quarter in 1..=4 {
        let period = format!("FY2567Q{quarter}");
        let report = |office: &Node, share: u32| {
            let report = json!({"value": share.to_string(), "status": "submitted"});
            let path = format!("values/{period}|9013|{}={report}", office.name());
            edit(office, INDICATOR, &[path]);
        };
        report(&offices.songkhla, 20 * quarter);
        report(
            &offices.phatthalung,
            if quarter == 3 { 58 } else { 20 * quarter },
        );
        offices.meet().await;
        let found = findings(&offices.nation, INDICATOR);
        let differ = found.contains(&"reports_differ".to_owned());
        assert_eq!(differ, quarter == 3, "{quarter}: {found:?}");
        if differ {
            let official =
                json!({"reporter": "TH-90", "by": "TH", "reason": "ตรวจกับทะเบียนครัวเรือนแล้ว"});
            let choice = format!("official/{period}|9013={official}");
            edit(&offices.nation, INDICATOR, &[choice]);
            let found = findings(&offices.nation, INDICATOR);
            assert!(!found.contains(&"reports_differ".to_owned()), "{found:?}");
        }
    }
}

/// The review is written by two at once; then both carry the plan over, and make the same documents.
async fn next_year(offices: &Offices, unfinished: &str, finished: &str) {
    let Offices {
        nation,
        songkhla,
        satun,
        ..
    } = offices;
    edit(songkhla, PLAN, &["review/success=ครบทุกตำบล".to_owned()]);
    edit(satun, PLAN, &["review/to_fix=เบิกจ่ายช้า".to_owned()]);
    edit(nation, finished, &["status=completed".to_owned()]);
    offices.meet().await;
    for node in [songkhla, satun] {
        let carried = told(node, &["carry-over", PLAN, "--activities"]);
        assert_eq!(
            (&carried["year"], &carried["created"]),
            (&json!(2568), &json!(2))
        );
    }
    offices.meet().await;
    let plans = lines(nation, &["list", "--kind", "plan"]);
    assert_eq!(plans.len(), 2, "{plans:?}");
    assert!(lines(nation, &["conflicts"]).is_empty());
    let carried = told(nation, &["carry-over", PLAN, "--activities"]);
    assert_eq!(carried["created"], 0);
    let next = told(nation, &["show", carried["plan"].as_str().unwrap()]);
    assert_eq!(
        (&next["carried_from"], &next["status"]),
        (&json!(PLAN), &json!("draft"))
    );
    assert_eq!(
        next["strategies"]["s3"]["measures"]["m3"]["text"],
        "มาตรการที่เขียนใหม่"
    );
    assert_eq!((next.get("approvals"), next.get("review")), (None, None));
    let activities = lines(nation, &["list", "--kind", "activity"]);
    assert_eq!(activities.len(), 3);
    let goes_on = activities
        .iter()
        .map(|row| told(nation, &["show", row["id"].as_str().unwrap()]));
    let from: Vec<Value> = goes_on
        .filter_map(|shown| shown.get("carried_from").cloned())
        .collect();
    assert_eq!(from, [json!(unfinished)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offices_that_meet_now_and_then_plan_pay_report_and_review_a_year_together() {
    let offices = Offices::apart().await;
    let owner = directory(&offices).await;
    agreement(&offices).await;
    let activities = plan(&offices, &owner).await;
    let (training, market) = (
        &activities["อบรมแกนนำสุขภาพ"],
        &activities["ตลาดอาหารปลอดภัย"],
    );
    approval(&offices, &owner, &[training, market]).await;
    payments(&offices, training).await;
    quarters(&offices).await;
    next_year(&offices, market, training).await;

    let everything = offices.nation.local().export(SPACE).await;
    for node in offices.all() {
        assert_eq!(node.local().export(SPACE).await, everything);
        let checked = node.run(&["check", "--space", SPACE, "--json"]);
        assert_eq!(checked.status.code(), Some(0), "no document has an error");
        node.command(&["verify"]);
    }
}
