//! Searching, listing and sorting the documents of a large node.

use std::time::Instant;

use phaki_documents::text::Collator;
use phaki_tests::federation::Federation;
use phaki_tests::node::{Node, Program};
use phaki_wire::proto::local::v1::{
    ListDocumentsRequest, SearchDocumentsReply, SearchDocumentsRequest,
};

use crate::figures::{Figures, count, milliseconds};
use crate::sheet::percentile;
use crate::workload::flat;

const SPACE: &str = "plans";
const DOCUMENTS: u64 = 100_000;
/// Plans of one request.
const BATCH: u64 = 500;
/// How often each query is asked.
const TIMES: u32 = 20;
/// What a person waits for without noticing, at the 95th percentile.
const PATIENCE_MS: f64 = 50.0;

/// Queries, by what they ask of the index. The plans are of the workload of `compare`: Thai texts
/// of sixty words in any order, so that most words stand in most plans, which is hard.
const QUERIES: [(&str, &str, &str); 7] = [
    ("two_letters_ms", "two letters, in most plans", "กา"),
    ("abbreviation_ms", "an abbreviation, รพ", "รพ"),
    ("word_ms", "a word, in most plans", "ผู้สูงอายุ"),
    (
        "joined_ms",
        "two words joined, inside unspaced text",
        "โภชนาการวัคซีน",
    ),
    ("two_words_ms", "two words", "ปฐมวัย อุปกรณ์"),
    (
        "phrase_ms",
        "four words joined, in hardly any plan",
        "ถนนป่าไม้ข้าวตลาด",
    ),
    ("nothing_ms", "a name that no plan has", "ควนเนียง"),
];

/// What is to be measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Plans in one space
    #[arg(long, value_name = "N", default_value_t = DOCUMENTS, value_parser = clap::value_parser!(u64).range(1..))]
    documents: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Fills a node and asks it, over its socket, as the command line does.
pub(crate) async fn measure(program: Program, request: &Request) -> Figures {
    let federation = Federation::new(program);
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    let mut figures = Figures::default();
    fill(&hub, request.documents, &mut figures).await;
    figures.heading("Search over the socket, 95 of 100 within");
    let mut all = Vec::new();
    for (key, label, words) in QUERIES {
        let mut took = Vec::new();
        for _ in 0..TIMES {
            let began = Instant::now();
            search(&hub, words).await;
            took.push(milliseconds(began.elapsed()));
        }
        all.extend_from_slice(&took);
        figures.add(key, label, percentile(&mut took, 95), "ms");
    }
    let within = percentile(&mut all, 95);
    figures.add("search_p95_ms", "all queries", within, "ms");
    figures.add(
        "search_worst_ms",
        "the slowest",
        percentile(&mut all, 100),
        "ms",
    );
    let claim = format!("95 of 100 searches take {PATIENCE_MS} ms at most");
    figures.claim("search_within_patience", claim, within <= PATIENCE_MS);
    list(&hub, &mut figures).await;
    figures
}

async fn fill(hub: &Node, documents: u64, figures: &mut Figures) {
    let began = Instant::now();
    for from in (0..documents).step_by(usize::try_from(BATCH).unwrap()) {
        let numbers = from..documents.min(from + BATCH);
        let plans: Vec<_> = numbers.map(flat::complete).collect();
        hub.local().put(SPACE, &plans).await.unwrap();
    }
    let durable = began.elapsed();
    while search(hub, "ควนเนียง").await.behind > 0 {}
    let searchable = began.elapsed();
    figures.heading("Filling");
    figures.add("plans", "plans", count(documents), "");
    figures.add(
        "durable_s",
        "until all are durable",
        durable.as_secs_f64(),
        "s",
    );
    figures.add(
        "searchable_s",
        "until all are searchable",
        searchable.as_secs_f64(),
        "s",
    );
}

async fn search(hub: &Node, words: &str) -> SearchDocumentsReply {
    let request = SearchDocumentsRequest {
        words: words.to_owned(),
        ..SearchDocumentsRequest::default()
    };
    let reply = hub.local().client().search_documents(request).await;
    reply.unwrap().into_inner()
}

/// As `phaki list` does: all rows, then in the order of a dictionary.
async fn list(hub: &Node, figures: &mut Figures) {
    let began = Instant::now();
    let request = ListDocumentsRequest::default();
    let listed = hub.local().client().list_documents(request).await;
    let mut listed = listed.unwrap().into_inner();
    let mut titles = Vec::new();
    while let Some(row) = listed.message().await.unwrap() {
        titles.push(row.title);
    }
    figures.heading("List");
    figures.add("list_s", "all rows", began.elapsed().as_secs_f64(), "s");
    let began = Instant::now();
    let collator = Collator::thai();
    titles.sort_by(|one, other| collator.compare(one, other));
    figures.add(
        "sort_s",
        "sorting their titles",
        began.elapsed().as_secs_f64(),
        "s",
    );
}
