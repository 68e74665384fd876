//! An empty node gets everything from another one; then the line breaks and comes back, and
//! nothing is missing on either side.

use std::time::{Duration, Instant};

use phaki_tests::federation::{Federation, converged};
use phaki_tests::node::{Node, Program};
use phaki_tests::proxy::{Proxy, Side, Traffic};
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::Link;
use tokio::task::JoinSet;

use crate::figures::{Figures, count};

const SPACE: &str = "plans";
const SERIES: u16 = 1;
const DOCUMENTS: u64 = 1_000;
/// Changes of each document: one that creates it and edits of single fields.
const CHANGES: u64 = 10;
/// Documents that are created with one request.
const BATCH: u64 = 100;
/// People who edit at one time.
const EDITORS: u64 = 16;

/// What a reconnection may cost above TLS, both directions together, with nothing missing.
const IDLE_BYTES_MAX: u64 = 2 << 10;

/// What a record of TLS 1.3 adds: a header (5), the type inside (1), the tag of the cipher (16).
const RECORD_OVERHEAD_BYTES: u64 = 22;

/// Longer than a reconnection takes.
const SETTLED: Duration = Duration::from_secs(2);

/// What is to be measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Documents, each with ten changes
    #[arg(long, value_name = "N", default_value_t = DOCUMENTS, value_parser = clap::value_parser!(u64).range(1..))]
    documents: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measures everything, one after the other, on this machine.
pub(crate) async fn measure(program: Program, request: &Request) -> Figures {
    let federation = Federation::new(program);
    let mut hub = federation.found().await;
    let mut figures = Figures::default();
    fill(&hub, request.documents, &mut figures).await;
    let (mut province, line) = first_sync(&federation, &hub, request.documents, &mut figures).await;
    reconnect(&province, &line, &mut figures).await;
    let from = bytes_on_disk(&mut hub).await;
    let to = bytes_on_disk(&mut province).await;
    figures.heading("Data folders, nodes stopped");
    figures.add("disk_sender_bytes", "of who wrote it", count(from), "bytes");
    figures.add(
        "disk_receiver_bytes",
        "of who received it",
        count(to),
        "bytes",
    );
    figures
}

/// Bytes of all files of a node, which is stopped so that nothing of them is provisional.
async fn bytes_on_disk(node: &mut Node) -> u64 {
    assert!(node.stop().await.0.success());
    let files = std::fs::read_dir(node.data()).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

/// Creates the documents and edits them, through the interface that every client has.
async fn fill(hub: &Node, documents: u64, figures: &mut Figures) {
    hub.local().create_space(SPACE).await;
    let started = Instant::now();
    for first in (0..documents).step_by(usize::try_from(BATCH).unwrap()) {
        let numbers = first..documents.min(first + BATCH);
        let plans: Vec<_> = numbers
            .map(|number| samples::plan(SERIES, number))
            .collect();
        hub.local().put(SPACE, &plans).await.unwrap();
    }
    let created = started.elapsed();
    let started = Instant::now();
    let mut editors = JoinSet::new();
    for editor in 0..EDITORS {
        editors.spawn(edit(hub.local(), editor, documents));
    }
    while let Some(edited) = editors.join_next().await {
        edited.unwrap();
    }
    let edits = started.elapsed();
    let space = hub.local().space(SPACE).await.unwrap();
    assert_eq!(space.entries, documents * CHANGES);
    figures.heading("Documents, written through the local interface");
    figures.add("documents", "documents", count(documents), "");
    figures.add(
        "entries",
        "changes, each an entry",
        count(space.entries),
        "",
    );
    figures.add(
        "payload_bytes",
        "payload of all",
        count(space.bytes),
        "bytes",
    );
    figures.add(
        "create_seconds",
        "time to create them",
        created.as_secs_f64(),
        "s",
    );
    let rate = count(documents * (CHANGES - 1)) / edits.as_secs_f64();
    figures.add(
        "edits_per_second",
        "edits, sixteen people at a time",
        rate,
        "/s",
    );
}

async fn edit(mut local: phaki_tests::local::Local, editor: u64, documents: u64) {
    for step in 0..CHANGES - 1 {
        for number in (editor..documents).step_by(usize::try_from(EDITORS).unwrap()) {
            let (path, value) = samples::edit(number, step);
            local
                .edit(&samples::plan_id(SERIES, number), &path, &value)
                .await
                .unwrap();
        }
    }
}

/// From the moment in which an empty node is told of the space until both hold the same.
async fn first_sync(
    federation: &Federation,
    hub: &Node,
    documents: u64,
    figures: &mut Figures,
) -> (Node, Proxy) {
    let (province, line) = federation.admit(hub, "TH-41").await;
    until_in_sync(&province).await;
    let (bytes_before, records_before) = (line.bytes(), sealed(&line));
    let started = Instant::now();
    hub.local().grant(SPACE, province.name(), "writer").await;
    wait::until("the space is known", async || {
        province.local().space(SPACE).await
    })
    .await;
    converged(&[hub, &province], SPACE, documents * CHANGES).await;
    let took = started.elapsed();
    let readable = until_readable(&province, documents)
        .await
        .duration_since(started);
    let bytes = line.bytes() - bytes_before;

    figures.heading("First sync of an empty node");
    figures.add(
        "sync_seconds",
        "until all is durable and the heads are equal",
        took.as_secs_f64(),
        "s",
    );
    figures.add(
        "readable_seconds",
        "until all can be listed",
        readable.as_secs_f64(),
        "s",
    );
    let rate = count(documents * CHANGES) / took.as_secs_f64();
    figures.add("entries_per_second", "entries", rate, "/s");
    figures.add(
        "sync_tcp_bytes",
        "bytes on the line, both directions",
        count(bytes),
        "bytes",
    );
    figures.add(
        "bytes_per_document",
        "the same for each document",
        count(bytes) / count(documents),
        "bytes",
    );
    figures.add(
        "bytes_per_entry",
        "the same for each change",
        count(bytes) / count(documents * CHANGES),
        "bytes",
    );
    figures.add(
        "sync_tls_records",
        "records of TLS",
        count(sealed(&line) - records_before),
        "",
    );
    (province, line)
}

/// When every document has its title: lists follow behind the entries.
async fn until_readable(node: &Node, documents: u64) -> Instant {
    wait::until("all documents can be listed", async || {
        let listed = node.local().export(SPACE).await;
        (u64::try_from(listed.len()).unwrap() == documents).then_some(())
    })
    .await;
    Instant::now()
}

/// The line breaks and comes back; both sides find that nothing is missing.
async fn reconnect(province: &Node, line: &Proxy, figures: &mut Figures) {
    line.cut();
    wait::until("the link is gone", async || {
        province.local().links().await.is_empty().then_some(())
    })
    .await;
    let before = line.connections().len();
    line.restore();
    until_in_sync(province).await;
    // What a session says after it agrees belongs to its cost too.
    tokio::time::sleep(SETTLED).await;
    let links = province.local().links().await;
    let connections = line.connections();
    assert_eq!(
        (links.len(), connections.len()),
        (1, before + 1),
        "one connection is measured"
    );
    add_idle(&links[0], &connections[before], figures);
}

/// What one reconnection cost: above TLS as the daemon counts, with TLS as the line does.
fn add_idle(link: &Link, traffic: &Traffic, figures: &mut Figures) {
    let above = link.bytes_sent + link.bytes_received;
    let tcp = traffic.bytes();
    let both = [
        traffic.towards(Side::Target),
        traffic.towards(Side::Dialler),
    ];
    let records: u64 = both.iter().map(|half| half.sealed).sum();
    let clear: u64 = both.iter().map(|half| half.clear_bytes).sum();
    // Seen from outside: what the records carried, without what the daemon counted above TLS, is
    // the encrypted part of the handshake. This subtraction checks the daemon's own counters.
    let framing = records * RECORD_OVERHEAD_BYTES;
    let sealed_bytes: u64 = both.iter().map(|half| half.sealed_bytes).sum();
    let handshake = clear + (sealed_bytes - framing).checked_sub(above).unwrap();
    figures.heading("Reconnection with nothing missing");
    figures.add(
        "idle_plain_bytes",
        "above TLS, both directions",
        count(above),
        "bytes",
    );
    figures.add(
        "idle_plain_bytes_sent",
        "of these from who dials",
        count(link.bytes_sent),
        "bytes",
    );
    figures.add(
        "idle_tcp_bytes",
        "on the line, with TLS",
        count(tcp),
        "bytes",
    );
    figures.add(
        "idle_tls_bytes",
        "of these handshake and framing of TLS",
        count(tcp - above),
        "bytes",
    );
    figures.add(
        "idle_tls_clear_bytes",
        "of these the two hellos",
        count(clear),
        "bytes",
    );
    figures.add("idle_tls_records", "encrypted records", count(records), "");
    figures.add(
        "idle_handshake_bytes",
        "handshake: hellos and what is encrypted of it",
        count(handshake),
        "bytes",
    );
    figures.add(
        "idle_record_bytes",
        "framing of the encrypted records",
        count(framing),
        "bytes",
    );
    let text = format!("a reconnection costs less than {IDLE_BYTES_MAX} bytes above TLS");
    figures.claim("idle_claim", text, above < IDLE_BYTES_MAX);
}

async fn until_in_sync(node: &Node) {
    wait::until("in sync", async || {
        let links = node.local().links().await;
        links.iter().any(|link| link.in_sync).then_some(())
    })
    .await;
}

fn sealed(line: &Proxy) -> u64 {
    let halves = [Side::Target, Side::Dialler];
    let records = |traffic: &Traffic| {
        halves
            .iter()
            .map(|side| traffic.towards(*side).sealed)
            .sum::<u64>()
    };
    line.connections()
        .iter()
        .map(|traffic| records(traffic))
        .sum()
}
