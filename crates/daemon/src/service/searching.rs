//! Searching documents for local clients, with what matched marked.

use std::ops::Range;

use phaki_documents::search::{Excerpt, Query, QueryError, Rank, excerpt, marked};
use phaki_store::Reader;
use phaki_store::reader::{Hit, Search};
use phaki_wire::proto::local::v1 as pb;

use super::denial::Denial;
use super::find;
use super::listing;
use super::reading::Reading;
use crate::day::today;
use crate::limits::{SEARCH_HITS, SUMMARIES_PATIENCE};
use crate::node_loop::{InForce, wall_ms};

impl Reading {
    pub(super) async fn search(
        &self,
        request: pb::SearchDocumentsRequest,
    ) -> Result<pb::SearchDocumentsReply, Denial> {
        let in_force = self.requests.in_force();
        let (reader, journal) = (self.reader.clone(), self.journal.clone());
        let references = self.references.clone();
        let search = move || {
            let in_use = references.in_use(&reader, &in_force)?;
            let known = in_use.reference().abbreviations(today(wall_ms()));
            let query = Query::parse(&request.words, &known).map_err(refused)?;
            let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
            let search = Search {
                query: &query,
                space: find::optional_space(&in_force, &request.space)?,
                kind_code: find::optional_kind(&request.kind)?,
                limit: if limit == 0 { SEARCH_HITS } else { limit },
            };
            let mut found = reader.search(&search).map_err(Denial::unreadable)?;
            if found.behind > 0 {
                // When there is not enough time, the answer says so.
                journal.summaries_settle_within(SUMMARIES_PATIENCE);
                found = reader.search(&search).map_err(Denial::unreadable)?;
            }
            let hits = found
                .hits
                .into_iter()
                .map(|hit| to_wire(&reader, &in_force, &query, hit));
            Ok(pb::SearchDocumentsReply {
                hits: hits.collect::<Result<_, _>>()?,
                more: found.more,
                behind: found.behind,
            })
        };
        self.workers.run(search).await
    }
}

fn refused(error: QueryError) -> Denial {
    Denial::invalid(format!("{error}: `phaki list` shows all documents"))
}

fn to_wire(
    reader: &Reader,
    in_force: &InForce,
    query: &Query,
    hit: Hit,
) -> Result<pb::SearchHit, Denial> {
    let rank = match hit.rank {
        Rank::Name => "name",
        Rank::NameBegins => "name-begins",
        Rank::InNames => "in-names",
        Rank::InTexts => "in-texts",
    };
    let document = listing::to_wire(reader, in_force, hit.row)?;
    let title = marked(query, &document.title);
    let lines = hit.texts.names.lines().chain(hit.texts.body.lines());
    // The title says as much as the same words elsewhere.
    let title_line = document.title.lines().next().unwrap_or_default();
    let found = excerpt(query, lines).filter(|found| !title_line.contains(&found.text));
    Ok(pb::SearchHit {
        rank: rank.to_owned(),
        title: Some(excerpt_to_wire(&title)),
        found: found.as_ref().map(excerpt_to_wire),
        document: Some(document),
    })
}

fn excerpt_to_wire(excerpt: &Excerpt) -> pb::Excerpt {
    let place = |byte: usize| {
        let before = excerpt.text.get(..byte).unwrap_or_default();
        u32::try_from(before.chars().count()).unwrap_or(u32::MAX)
    };
    let span = |mark: &Range<usize>| pb::Span {
        from: place(mark.start),
        to: place(mark.end),
    };
    pb::Excerpt {
        text: excerpt.text.clone(),
        marks: excerpt.marks.iter().map(span).collect(),
        cut_before: excerpt.cut_before,
        cut_behind: excerpt.cut_behind,
    }
}
