//! The vault: who gets contact data, what an order erases, and what nobody brings back.

use phaki_replication::id::{SpaceId, Subject};
use phaki_replication::limits::VAULT_RECORDS_PER_AUTHOR_MAX;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::{Act, Event, Notice, Refusal, RequestId};
use phaki_replication::vault::{
    Content, Ground, Holding, Record, Statement, Told, Unheeded, VaultKey,
};

use super::network::Network;
use super::{READER, WRITER};

const SOMEBODY: Subject = Subject([7; 17]);

/// What machine `by` says about a person, signed.
fn says(net: &Network, by: usize, space: SpaceId, subject: Subject, content: Content) -> Told {
    let federation = net.federation_key.federation();
    let key = match &content {
        Content::Record(record) => Some(VaultKey::new([record.sealed[0]; 32])),
        Content::Order(_) | Content::Done => None,
    };
    let statement = Statement {
        federation,
        space,
        subject,
        node: net.id(by),
        time_ms: 1,
        content,
    };
    statement.sign(&net.machines[by].key, key)
}

fn record(number: u64, seed: u8) -> Content {
    Content::Record(Record {
        number,
        key: VaultKey::new([seed; 32]).hash(),
        sealed: vec![seed; 40].into(),
    })
}

fn enact(net: &mut Network, at: usize, space: SpaceId, told: Told) -> Result<(), Refusal> {
    let request = RequestId(net.next());
    let act = Act::Statement(space, told);
    net.events.push_back((at, Event::Enact { request, act }));
    net.settle();
    net.machines[at].answers[&request]
}

fn sets(
    net: &mut Network,
    at: usize,
    space: SpaceId,
    number: u64,
    seed: u8,
) -> Result<(), Refusal> {
    let told = says(net, at, space, SOMEBODY, record(number, seed));
    enact(net, at, space, told)
}

fn orders(net: &mut Network, at: usize, space: SpaceId) -> Result<(), Refusal> {
    let order = Content::Order(Ground::ConsentWithdrawn);
    let told = says(net, at, space, SOMEBODY, order);
    enact(net, at, space, told)
}

fn holding(net: &Network, at: usize, space: SpaceId) -> Option<Holding> {
    let vault = net.machines[at].node.vault(&space)?;
    vault.subject(&SOMEBODY).cloned()
}

fn seed(net: &Network, at: usize, space: SpaceId) -> Option<u8> {
    let record = holding(net, at, space)?.record?;
    match record.statement.content {
        Content::Record(record) => Some(record.sealed[0]),
        Content::Order(_) | Content::Done => None,
    }
}

/// Who has acknowledged the erasure, as machine `at` knows.
fn done(net: &Network, at: usize, space: SpaceId) -> usize {
    holding(net, at, space).map_or(0, |holding| holding.done.len())
}

/// A message from machine `from` that its node would not have sent.
fn injects(net: &mut Network, (from, to): (usize, usize), message: Message) {
    let mut links = net.links.iter();
    let link = links.find(|((one, _), (other, _))| (*one, *other) == (from, to));
    let (_, (_, link)) = link.expect("they are linked");
    let link = *link;
    net.events
        .push_back((to, Event::Received { link, message }));
    net.settle();
}

fn refusals(net: &Network, at: usize) -> Vec<Unheeded> {
    let notices = net.machines[at].notices.iter();
    let why = notices.filter_map(|notice| match notice {
        Notice::StatementRefused { why, .. } => Some(*why),
        _ => None,
    });
    why.collect()
}

/// A steward, a writer and a reader, and the space of the steward.
fn network() -> (Network, SpaceId) {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, READER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    (net, space)
}

#[test]
fn contact_data_reaches_those_who_may_write_and_no_reader() {
    let (mut net, space) = network();
    sets(&mut net, 1, space, 1, 5).unwrap();
    assert_eq!(seed(&net, 0, space), Some(5));
    assert_eq!(seed(&net, 2, space), None);
    assert_eq!(sets(&mut net, 2, space, 1, 6), Err(Refusal::NotWriter));
    let to_reader = |(_, to, message): &&(usize, usize, Message)| {
        *to == 2 && matches!(message, Message::Vault { .. })
    };
    assert_eq!(net.messages.iter().find(to_reader), None);
}

#[test]
fn what_was_recorded_while_no_line_was_there_meets_and_the_higher_number_stays() {
    let (mut net, space) = network();
    net.disconnect(0, 1);
    sets(&mut net, 0, space, 1, 5).unwrap();
    sets(&mut net, 0, space, 2, 6).unwrap();
    sets(&mut net, 1, space, 1, 7).unwrap();
    assert_eq!(sets(&mut net, 0, space, 2, 8), Err(Refusal::Stale));
    net.connect(0, 1);
    assert_eq!(
        (seed(&net, 0, space), seed(&net, 1, space)),
        (Some(6), Some(6))
    );
    // They agree, so the next session says nothing of it.
    net.disconnect(0, 1);
    let before = net.messages.len();
    net.connect(0, 1);
    let vault = |(_, _, message): &&(usize, usize, Message)| {
        matches!(message, Message::Vault { .. } | Message::VaultHeld { .. })
    };
    assert_eq!(net.messages[before..].iter().find(vault), None);
}

#[test]
fn an_order_erases_everywhere_and_every_holder_says_so() {
    let (mut net, space) = network();
    sets(&mut net, 1, space, 1, 5).unwrap();
    orders(&mut net, 0, space).unwrap();
    for at in 0..3 {
        assert_eq!(seed(&net, at, space), None);
        assert_eq!(done(&net, at, space), 2, "the reader never held it");
    }
    assert_eq!(sets(&mut net, 1, space, 9, 6), Err(Refusal::Erased));
    assert_eq!(orders(&mut net, 0, space), Err(Refusal::Erased));
}

#[test]
fn only_the_steward_orders_an_erasure() {
    let (mut net, space) = network();
    sets(&mut net, 1, space, 1, 5).unwrap();
    assert_eq!(orders(&mut net, 1, space), Err(Refusal::NotSteward));
    let order = says(&net, 1, space, SOMEBODY, Content::Order(Ground::Unlawful));
    let statements = vec![order];
    injects(&mut net, (1, 0), Message::Vault { space, statements });
    assert_eq!(refusals(&net, 0), [Unheeded::NoRight]);
    assert_eq!(seed(&net, 0, space), Some(5));
}

#[test]
fn an_edit_made_without_a_line_does_not_bring_back_who_was_erased() {
    let (mut net, space) = network();
    sets(&mut net, 0, space, 1, 5).unwrap();
    net.disconnect(0, 1);
    orders(&mut net, 0, space).unwrap();
    sets(&mut net, 1, space, 2, 6).unwrap();
    net.connect(0, 1);
    for at in 0..2 {
        assert_eq!((seed(&net, at, space), done(&net, at, space)), (None, 2));
    }
    assert_eq!(refusals(&net, 0), [Unheeded::Erased]);
}

#[test]
fn a_hostile_member_cannot_bring_back_who_was_erased() {
    let (mut net, space) = network();
    sets(&mut net, 0, space, 1, 5).unwrap();
    orders(&mut net, 0, space).unwrap();
    let statements = vec![says(&net, 1, space, SOMEBODY, record(u64::MAX, 6))];
    injects(&mut net, (1, 0), Message::Vault { space, statements });
    assert_eq!(seed(&net, 0, space), None);
    assert_eq!(refusals(&net, 0), [Unheeded::Erased]);
}

#[test]
fn a_reader_cannot_put_contact_data_into_the_vault() {
    let (mut net, space) = network();
    let own = says(&net, 2, space, SOMEBODY, record(1, 6));
    let anothers = says(&net, 1, space, SOMEBODY, record(1, 7));
    let statements = vec![own, anothers];
    injects(&mut net, (2, 0), Message::Vault { space, statements });
    assert_eq!(seed(&net, 0, space), None);
    assert_eq!(refusals(&net, 0), [Unheeded::NoRight]);
}

#[test]
fn who_makes_up_what_another_said_loses_the_session() {
    let (mut net, space) = network();
    let mut forged = says(&net, 1, space, SOMEBODY, record(1, 6));
    forged.signed.signature.0[0] ^= 1;
    let statements = vec![forged];
    injects(&mut net, (1, 0), Message::Vault { space, statements });
    assert_eq!(net.machines[0].closed, [CloseReason::Forged]);
    assert_eq!(seed(&net, 0, space), None);
}

#[test]
fn one_author_cannot_fill_the_vault() {
    let (mut net, space) = network();
    let person = |n: usize| {
        let mut id = [1; 17];
        id[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
        Subject(id)
    };
    for part in (0..VAULT_RECORDS_PER_AUTHOR_MAX + 50)
        .collect::<Vec<_>>()
        .chunks(500)
    {
        let statements = part
            .iter()
            .map(|n| says(&net, 1, space, person(*n), record(1, 6)));
        let statements = statements.collect();
        injects(&mut net, (1, 0), Message::Vault { space, statements });
    }
    let vault = net.machines[0].node.vault(&space).unwrap();
    assert_eq!(vault.subjects().count(), VAULT_RECORDS_PER_AUTHOR_MAX);
    assert_eq!(refusals(&net, 0), [Unheeded::Full]);
    sets(&mut net, 0, space, 1, 5).unwrap();
}

#[test]
fn whoever_may_no_longer_write_keeps_no_contact_data() {
    let (mut net, space) = network();
    sets(&mut net, 0, space, 1, 5).unwrap();
    assert_eq!(seed(&net, 1, space), Some(5));
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(1), READER);
    net.enact(0, &manifest);
    assert_eq!(
        (seed(&net, 0, space), seed(&net, 1, space)),
        (Some(5), None)
    );
    manifest.version += 1;
    manifest.members.insert(net.id(1), WRITER);
    net.enact(0, &manifest);
    assert_eq!(seed(&net, 1, space), Some(5));
}

#[test]
fn what_a_former_member_recorded_stays_and_yields_to_what_present_ones_record() {
    let (mut net, space) = network();
    sets(&mut net, 1, space, 7, 5).unwrap();
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(1), READER);
    manifest.members.insert(net.id(2), WRITER);
    net.enact(0, &manifest);
    assert_eq!(
        (seed(&net, 0, space), seed(&net, 2, space)),
        (Some(5), Some(5))
    );
    sets(&mut net, 2, space, 1, 6).unwrap();
    assert_eq!(
        (seed(&net, 0, space), seed(&net, 2, space)),
        (Some(6), Some(6))
    );
}

#[test]
fn the_order_of_a_former_steward_stands_once_a_holder_has_carried_it_out() {
    let (mut net, space) = network();
    sets(&mut net, 0, space, 1, 5).unwrap();
    let order = says(&net, 0, space, SOMEBODY, Content::Order(Ground::Objection));
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    net.disconnect(0, 2);
    let federation = net.federation_key.federation();
    let (from, to) = (net.id(0), net.id(1));
    let key = net.machines[0].key.clone();
    let handover =
        phaki_replication::manifest::Handover::sign(&key, &federation, &space, &from, to);
    manifest.handovers.push(handover);
    manifest.members.remove(&to);
    manifest.members.insert(from, WRITER);
    net.enact(1, &manifest);
    assert_eq!(net.machines[0].node.manifest(&space).unwrap().steward(), to);
    // By itself it is one that anybody who once was steward could sign.
    let statements = vec![order.clone()];
    injects(&mut net, (0, 1), Message::Vault { space, statements });
    assert_eq!(
        (seed(&net, 1, space), refusals(&net, 1)),
        (Some(5), vec![Unheeded::NoRight])
    );
    let statements = vec![order, says(&net, 0, space, SOMEBODY, Content::Done)];
    injects(&mut net, (0, 1), Message::Vault { space, statements });
    assert_eq!(seed(&net, 1, space), None);
}
