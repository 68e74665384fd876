//! Contact data of people: recorded, read, listed and erased.
//!
//! What is personal passes through here on its way between the officer and the vault, and goes
//! nowhere else: not into logs, the audit log, or sentences.

use std::sync::Arc;

use phaki_documents::contact::{Basis, Contact, ContactField};
use phaki_documents::date::Date;
use phaki_documents::{DocumentId, Kind};
use phaki_replication::id::{SpaceId, Subject};
use phaki_replication::limits::ERASURE_TIME_MAX;
use phaki_replication::node::Act;
use phaki_replication::sign::SecretKey;
use phaki_replication::vault::{
    Content, Ground, Holding, Kept, Record, Rights, Statement, VaultKey,
};
use phaki_store::Reader;
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::Mutex;
use tonic::Code;

use super::denial::Denial;
use super::find::{self, Found};
use super::spaces::Spaces;
use super::workers::Workers;
use crate::audit::{Audit, Deed};
use crate::day::today;
use crate::default_spaces::never_leaves;
use crate::identity;
use crate::node_loop::{Attempts, InForce, NodeRequests, Vaults, wall_ms};
use crate::quote::quoted;

/// What the vault needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Contacts {
    key: SecretKey,
    requests: NodeRequests,
    audit: Audit,
    reader: Reader,
    workers: Workers,
    /// Records are made one after the other, so that none replaces another unseen.
    turn: Arc<Mutex<()>>,
}

impl Contacts {
    /// With what the administration of spaces has.
    pub(super) fn beside(spaces: &Spaces) -> Self {
        Self {
            key: spaces.key.clone(),
            requests: spaces.requests.clone(),
            audit: spaces.audit.clone(),
            reader: spaces.reader.clone(),
            workers: spaces.workers.clone(),
            turn: Arc::default(),
        }
    }

    pub(super) async fn set(&self, request: pb::SetContactRequest) -> Result<pb::Contact, Denial> {
        let _turn = self.turn.lock().await;
        let found = self.find(&request.person, &request.space).await?;
        let in_force = self.requests.in_force();
        let manifest = in_force.spaces.get(&found.space);
        let left = manifest.is_some_and(|manifest| never_leaves(&manifest.name));
        if left {
            let sentence = "contact data in the space for drafts would be in no other copy: record \
                            it in the space of the directory";
            return Err(Denial::new(Code::FailedPrecondition, "drafts", sentence));
        }
        let mut attempts = Attempts::default();
        loop {
            let vaults = self.requests.vaults().await?;
            let before = holding(&vaults, &found);
            let record = before.and_then(|held| held.record.as_ref());
            // One that does not open is replaced as a whole.
            let known = record.and_then(|record| open(record).ok());
            let contact = changed(known, &request)?;
            let number = record.and_then(|kept| kept.statement.number()).unwrap_or(0);
            let number = number.checked_add(1).ok_or_else(|| {
                let sentence = "a node has given this record the highest number there is: the \
                                steward must erase the person, who then gets a new document";
                Denial::new(Code::ResourceExhausted, "limit", sentence)
            })?;
            let (content, opens) = seal(&in_force, &found, number, &contact)?;
            let recorded = Deed::ContactRecorded;
            let draft = recorded.by(self.who(&request.account), found.document, "");
            let act = self.sign(&in_force, &found, content, Some(opens));
            let answer = self.requests.enact(act, vec![draft]).await;
            if !attempts.again(&answer) {
                answer.map_err(|error| Denial::of_request("contact data", &error))?;
                return self.one(&found, true).await;
            }
        }
    }

    /// What is held of a person; reading it is on record before it is answered.
    pub(super) async fn show(
        &self,
        request: pb::ShowContactRequest,
    ) -> Result<pb::Contact, Denial> {
        let found = self.find(&request.person, &request.space).await?;
        let deed = match request.export {
            true => Deed::ContactExported,
            false => Deed::ContactRead,
        };
        let who = self.who(&request.account);
        let draft = deed.by(who, found.document, "");
        self.audit
            .record_draft(draft)
            .await
            .map_err(Denial::unwritten)?;
        self.one(&found, true).await
    }

    pub(super) async fn list(
        &self,
        request: pb::ListContactsRequest,
    ) -> Result<pb::ListContactsReply, Denial> {
        let in_force = self.requests.in_force();
        let space = find::optional_space(&in_force, &request.space)?;
        let vaults = self.requests.vaults().await?;
        let mut contacts = Vec::new();
        for (of, vault) in vaults
            .iter()
            .filter(|(of, _)| space.is_none_or(|space| space == **of))
        {
            for (subject, held) in vault.subjects() {
                contacts.push(contact_to_wire(&in_force, of, subject, Some(held), false)?);
            }
        }
        Ok(pb::ListContactsReply { contacts })
    }

    pub(super) async fn erase(
        &self,
        request: pb::EraseContactRequest,
    ) -> Result<pb::Erasure, Denial> {
        let ground = Ground::from_name(&request.ground).ok_or_else(|| {
            let names = Ground::ALL.map(|(.., name)| name).join(", ");
            let ground = quoted(&request.ground);
            Denial::invalid(format!("there is no reason {ground} to erase: use {names}"))
        })?;
        let found = match self.find(&request.person, &request.space).await {
            Ok(found) => found,
            Err(denial) => self.find_held(&request).await?.ok_or(denial)?,
        };
        let in_force = self.requests.in_force();
        let who = self.who(&request.account);
        let draft = Deed::ErasureOrdered.by(who, found.document, ground);
        let act = self.sign(&in_force, &found, Content::Order(ground), None);
        let answer = self.requests.enact(act, vec![draft]).await;
        answer.map_err(|error| Denial::of_request("erasure", &error))?;
        let erasure = self.one(&found, false).await?.erasure;
        erasure.ok_or_else(|| Denial::internal("erasure not found", found.document))
    }

    /// Who did it: the account that is named, or the one that administers.
    fn who(&self, account: &str) -> String {
        match account {
            "" => self.audit.account().to_owned(),
            account => account.to_owned(),
        }
    }

    async fn find(&self, person: &str, space: &str) -> Result<Found, Denial> {
        let (reader, in_force) = (self.reader.clone(), self.requests.in_force());
        let (person, space) = (person.to_owned(), space.to_owned());
        let find = move || find::document(&reader, &in_force, &person, &space);
        let found = self.workers.run(find).await?;
        match found.document.kind() {
            Some(Kind::Person) => Ok(found),
            _ => Err(Denial::invalid(format!(
                "{} is no person: contact data is of documents of the kind person, `phaki list \
                 --kind person` shows them",
                found.document
            ))),
        }
    }

    /// Somebody whom a writer recorded without a document.
    async fn find_held(&self, request: &pb::EraseContactRequest) -> Result<Option<Found>, Denial> {
        let Ok(document) = request.person.parse::<DocumentId>() else {
            return Ok(None);
        };
        let in_force = self.requests.in_force();
        let space = find::optional_space(&in_force, &request.space)?;
        let vaults = self.requests.vaults().await?;
        let spaces = vaults
            .keys()
            .filter(|of| space.is_none_or(|space| space == **of));
        let mut found = spaces.map(|space| Found {
            space: *space,
            document,
        });
        Ok(found.find(|found| holding(&vaults, found).is_some()))
    }

    async fn one(&self, found: &Found, fields: bool) -> Result<pb::Contact, Denial> {
        let in_force = self.requests.in_force();
        let vaults = self.requests.vaults().await?;
        let held = holding(&vaults, found);
        contact_to_wire(&in_force, &found.space, &subject(found), held, fields)
    }

    fn sign(
        &self,
        in_force: &InForce,
        found: &Found,
        content: Content,
        opens: Option<VaultKey>,
    ) -> Act {
        let statement = Statement {
            federation: in_force.federation,
            space: found.space,
            subject: subject(found),
            node: in_force.node,
            time_ms: wall_ms(),
            content,
        };
        Act::Statement(found.space, statement.sign(&self.key, opens))
    }
}

fn subject(found: &Found) -> Subject {
    Subject(found.document.to_bytes())
}

fn holding<'a>(vaults: &'a Vaults, found: &Found) -> Option<&'a Holding> {
    vaults.get(&found.space)?.subject(&subject(found))
}

/// The record as the request changes it.
fn changed(before: Option<Contact>, request: &pb::SetContactRequest) -> Result<Contact, Denial> {
    let mut fields = before
        .as_ref()
        .map_or_else(Default::default, |one| one.fields.clone());
    for field in &request.fields {
        let name = ContactField::from_name(&field.name).ok_or_else(|| {
            let names = ContactField::ALL.map(|(_, name, ..)| name).join(", ");
            let field = quoted(&field.name);
            Denial::invalid(format!("contact data has no field {field}: use {names}"))
        })?;
        match field.value.as_str() {
            "" => fields.remove(&name),
            value => fields.insert(name, value.to_owned()),
        };
    }
    let basis = match (request.basis.as_str(), &before) {
        ("", Some(before)) => Some(before.basis),
        (code, _) => Basis::from_code(code),
    };
    let retain_until = match (request.retain_until.as_str(), &before) {
        ("", Some(before)) => Some(before.retain_until),
        (text, _) => Date::parse(text),
    };
    let consent = match (request.consent.as_str(), before) {
        ("", Some(before)) => before.consent,
        (text, _) => text.to_owned(),
    };
    let basis = basis.ok_or_else(|| {
        let known = Basis::ALL.map(|(_, code, _, en)| format!("{code} ({en})"));
        let known = known.join(", ");
        Denial::invalid(format!(
            "contact data needs its lawful basis: give --basis {known}"
        ))
    })?;
    let retain_until = retain_until.ok_or_else(|| {
        let sentence = "contact data needs the last day on which it is needed: give --until, such \
                        as 2570-09-30 or 2027-09-30";
        Denial::invalid(sentence)
    })?;
    let contact = Contact {
        fields,
        basis,
        retain_until,
        consent: match basis {
            Basis::Consent => consent,
            _ => String::new(),
        },
    };
    let checked = contact.check();
    checked.map_err(|error| Denial::invalid(error.to_string()))?;
    Ok(contact)
}

fn seal(
    in_force: &InForce,
    found: &Found,
    number: u64,
    contact: &Contact,
) -> Result<(Content, VaultKey), Denial> {
    let failed = |error: String| Denial::internal("contact data not sealed", error);
    let drawn = identity::random().map_err(|error| failed(format!("{error:#}")))?;
    let key = VaultKey::new(drawn);
    let plain = contact.encode();
    let sealed = key.seal(&in_force.federation, &found.space, &subject(found), &plain);
    let record = Record {
        number,
        key: key.hash(),
        sealed: sealed.map_err(|error| failed(error.to_string()))?,
    };
    Ok((Content::Record(record), key))
}

fn open(kept: &Kept) -> Result<Contact, Denial> {
    let unreadable = || {
        let sentence = "the record does not open with its key: whoever recorded it made it \
                        unreadable; have the person erased, and record a new one";
        Denial::new(Code::DataLoss, "unreadable", sentence)
    };
    let said = &kept.statement;
    let (Content::Record(record), Some(key)) = (&said.content, &kept.told.key) else {
        return Err(unreadable());
    };
    let plain = key.open(&said.federation, &said.space, &said.subject, &record.sealed);
    let plain = plain.map_err(|_| unreadable())?;
    Contact::decode(&plain).map_err(|_| unreadable())
}

fn contact_to_wire(
    in_force: &InForce,
    space: &SpaceId,
    subject: &Subject,
    held: Option<&Holding>,
    fields: bool,
) -> Result<pb::Contact, Denial> {
    let mut wire = pb::Contact {
        person: DocumentId::from_bytes(&subject.0).to_string(),
        space: in_force.space_name(space),
        erasure: held.and_then(|held| erasure_to_wire(in_force, space, subject, held)),
        ..pb::Contact::default()
    };
    if let Some(kept) = held.and_then(|held| held.record.as_ref()) {
        let contact = match open(kept) {
            Err(denial) if fields => return Err(denial),
            opened => opened.ok(),
        };
        if let Some(contact) = &contact {
            wire.basis = contact.basis.code().to_owned();
            wire.retain_until = contact.retain_until.to_string();
        }
        wire.number = kept.statement.number().unwrap_or(0);
        wire.recorded_at = in_force.name(&kept.statement.node);
        wire.time_ms = kept.statement.time_ms;
        if let Some(contact) = contact.filter(|_| fields) {
            wire.consent = contact.consent;
            let field = |(field, value): (ContactField, String)| pb::ContactField {
                name: field.name().to_owned(),
                value,
            };
            wire.fields = contact.fields.into_iter().map(field).collect();
        }
    }
    Ok(wire)
}

/// The erasure of a person, with who has still to acknowledge it.
fn erasure_to_wire(
    in_force: &InForce,
    space: &SpaceId,
    subject: &Subject,
    held: &Holding,
) -> Option<pb::Erasure> {
    let order = held.order.as_ref()?;
    let Content::Order(ground) = order.statement.content else {
        return None;
    };
    let roster = &in_force.roster;
    let rights = in_force
        .spaces
        .get(space)
        .map(|manifest| Rights { manifest, roster });
    let owing = rights.iter().flat_map(Rights::owing);
    let open = owing.filter(|node| !held.done.contains_key(node));
    let time_ms = order.statement.time_ms;
    let span_ms = i64::try_from(ERASURE_TIME_MAX.as_millis()).unwrap_or(i64::MAX);
    Some(pb::Erasure {
        person: DocumentId::from_bytes(&subject.0).to_string(),
        space: in_force.space_name(space),
        ground: ground.name().to_owned(),
        ordered_at: in_force.name(&order.statement.node),
        time_ms,
        due_ms: time_ms.saturating_add(span_ms),
        done: held.done.keys().map(|node| in_force.name(node)).collect(),
        open: open.map(|node| in_force.name(&node)).collect(),
    })
}

/// Erasures that some node has not acknowledged, and what a person must look at: those that are
/// overdue, and records that are kept longer than they are needed.
pub(super) fn open_matters(in_force: &InForce, vaults: &Vaults) -> (Vec<pb::Erasure>, Vec<String>) {
    let (mut erasures, mut problems) = (Vec::new(), Vec::new());
    let today = today(wall_ms());
    for (space, vault) in vaults {
        let name = in_force.space_name(space);
        let mut past = 0;
        for (subject, held) in vault.subjects() {
            let erasure = erasure_to_wire(in_force, space, subject, held);
            let erasure = erasure.filter(|erasure| !erasure.open.is_empty());
            if let Some(late) = erasure.as_ref().filter(|one| one.due_ms < wall_ms()) {
                problems.push(format!(
                    "space {name}: {} was to be erased everywhere within 90 days, and {} has not \
                     acknowledged it: reach that node, or remove it from the space and have its \
                     disk wiped",
                    late.person,
                    late.open.join(", ")
                ));
            }
            erasures.extend(erasure);
            let contact = held.record.as_ref().and_then(|kept| open(kept).ok());
            past += usize::from(contact.is_some_and(|contact| contact.retain_until < today));
        }
        if past > 0 {
            problems.push(format!(
                "space {name}: {past} contact records are past the day until which they are \
                 needed: `phaki contact list` shows them, erase them or set another day"
            ));
        }
    }
    (erasures, problems)
}
