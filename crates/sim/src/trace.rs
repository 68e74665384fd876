//! The record of a run: a hash over everything that happened, and the last of it in words.

use std::collections::VecDeque;
use std::fmt;

use phaki_replication::feed::Run;
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::message::{Message, SeveredRun};
use phaki_replication::node::{Act, Change, Effect, Event};
use sha2::{Digest, Sha256};

/// Lines kept for the report of a failure.
const RECENT_LINES: usize = 120;

/// A hash over all lines and the last of them.
pub struct Trace {
    hasher: Sha256,
    recent: VecDeque<String>,
    lines: u64,
    print: Option<fn(&str)>,
}

impl Trace {
    /// An empty record; every line is given to `print` too.
    pub fn new(print: Option<fn(&str)>) -> Self {
        Self {
            hasher: Sha256::new(),
            recent: VecDeque::new(),
            lines: 0,
            print,
        }
    }

    /// Takes down what happens.
    pub fn line(&mut self, now_us: u64, text: fmt::Arguments<'_>) {
        let seconds = now_us / 1_000_000;
        let line = format!("{seconds:>6}.{:06} {text}", now_us % 1_000_000);
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        self.lines += 1;
        if let Some(print) = self.print {
            print(&line);
        }
        if self.recent.len() == RECENT_LINES {
            self.recent.pop_front();
        }
        self.recent.push_back(line);
    }

    /// The last lines, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &str> {
        self.recent.iter().map(String::as_str)
    }

    /// The number of lines.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The first eight bytes of the hash over all lines.
    pub fn hash(&self) -> String {
        let digest = self.hasher.clone().finalize();
        digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// Writes what matters of a value: who, where, how much, and hashes instead of contents.
pub(crate) struct Brief<'a, T>(pub(crate) &'a T);

/// The first three bytes, in hexadecimal.
struct Short<'a>(&'a [u8]);

fn short(bytes: &[u8]) -> Short<'_> {
    Short(bytes)
}

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'0'; 6];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Display for Brief<'_, NodeId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(&self.0.0).fmt(f)
    }
}

impl fmt::Display for Brief<'_, SpaceId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", short(&self.0.0))
    }
}

impl fmt::Display for Brief<'_, FeedId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (author, epoch) = (short(&self.0.author.0), &self.0.epoch.0);
        write!(f, "{author}.{:02x}", epoch[0])
    }
}

impl fmt::Display for Brief<'_, Run> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run {
            feed,
            from,
            checkpoint,
            ..
        } = self.0;
        let (end, head) = (self.0.end(), short(&checkpoint.head.0));
        write!(f, "{}[{from}..{end})#{head}", Brief(feed))
    }
}

impl fmt::Display for Brief<'_, SeveredRun> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SeveredRun { feed, from, head } = self.0;
        write!(f, "{}[{from}..)#{}", Brief(feed), short(&head.0))
    }
}

impl fmt::Display for Brief<'_, Message> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Message::Hello(hello) => write!(f, "Hello roster={}", hello.roster_version),
            Message::Roster(signed) => write!(f, "Roster #{}", short(signed.hash().as_bytes())),
            Message::Manifest(signed) => write!(f, "Manifest #{}", short(signed.hash().as_bytes())),
            Message::Branch(signed) => write!(f, "Branch #{}", short(signed.hash().as_bytes())),
            Message::Fork(proof) => {
                let (space, feed) = (Brief(&proof.space), Brief(&proof.feed));
                write!(f, "Fork {space} {feed} at {}", proof.at)
            }
            Message::SeveredHeld { space, runs } => {
                write!(f, "SeveredHeld {} {}", Brief(space), runs.len())
            }
            Message::WantSevered { space, run } => {
                write!(f, "WantSevered {} {}", Brief(space), Brief(run))
            }
            Message::Severed { space, run, .. } => {
                write!(f, "Severed {} {}", Brief(space), Brief(run))
            }
            Message::Receipts { space, receipts } => {
                write!(f, "Receipts {} {}", Brief(space), receipts.len())
            }
            Message::ReceiptsHeld { space, numbers } => {
                write!(f, "ReceiptsHeld {} {}", Brief(space), numbers.len())
            }
            Message::Vault { space, statements } => {
                write!(f, "Vault {} {}", Brief(space), statements.len())
            }
            Message::VaultHeld {
                space, subjects, ..
            } => write!(f, "VaultHeld {} {}", Brief(space), subjects.len()),
            Message::Have(states) => {
                f.write_str("Have")?;
                states.iter().try_for_each(|state| {
                    let (space, digest) = (Brief(&state.space), short(&state.frontier.0));
                    write!(f, " {space}:{}:{digest}", short(&state.manifest.0))
                })
            }
            Message::Frontier(report) => {
                let kind = if report.complete { "all" } else { "some" };
                write!(f, "Frontier {} {kind}", Brief(&report.space))?;
                report
                    .feeds
                    .iter()
                    .try_for_each(|feed| write!(f, " {}={}", Brief(&feed.feed), feed.length))
            }
            Message::Want(range) => {
                let (space, feed) = (Brief(&range.space), Brief(&range.feed));
                write!(f, "Want {space} {feed}[{}..{})", range.from, range.to)
            }
            Message::Plan {
                space,
                entries,
                bytes,
            } => {
                write!(f, "Plan {} {entries} entries {bytes} B", Brief(space))
            }
            Message::Batch { space, runs } => {
                write!(f, "Batch {}", Brief(space))?;
                runs.iter().try_for_each(|run| write!(f, " {}", Brief(run)))
            }
            Message::Ack { space, feeds } => {
                write!(f, "Ack {}", Brief(space))?;
                feeds
                    .iter()
                    .try_for_each(|(feed, length)| write!(f, " {}={length}", Brief(feed)))
            }
            Message::Heartbeat(beat) => write!(f, "Heartbeat {}", short(&beat.shared.0)),
            Message::Close(reason) => write!(f, "Close {}", reason.name()),
        }
    }
}

impl fmt::Display for Brief<'_, Event> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::LinkOpened {
                link,
                peer,
                dialled,
            } => {
                let how = if *dialled { "dialled" } else { "accepted" };
                write!(f, "link {} to {} {how}", link.0, Brief(peer))
            }
            Event::LinkClosed { link } => write!(f, "link {} lost", link.0),
            Event::Received { link, message } => write!(f, "link {} < {}", link.0, Brief(message)),
            Event::Append {
                request,
                space,
                entries,
                ..
            } => {
                let count = entries.len();
                write!(
                    f,
                    "append #{} {count} entries to {}",
                    request.0,
                    Brief(space)
                )
            }
            Event::Enact { request, act } => {
                let (what, hash) = match act {
                    Act::Roster(signed) => ("roster", signed.hash()),
                    Act::Branch(signed) => ("branch", signed.hash()),
                    Act::Manifest(signed) => ("manifest", signed.hash()),
                    Act::Statement(_, told) => {
                        let bytes: &[u8] = &told.signed.bytes;
                        ("statement", Hash::of("statement", &[bytes]))
                    }
                };
                let hash = short(hash.as_bytes());
                write!(f, "enact #{} {what} #{hash}", request.0)
            }
            Event::Start => f.write_str("start"),
            Event::Examined { read, place } => {
                let at = place.as_ref().map(|place| place.at);
                write!(f, "examined r{} {at:?}", read.0)
            }
            Event::SeveredRead { read, found } => {
                let run = found.as_ref().map(|(_, run)| Brief(run).to_string());
                write!(f, "severed r{} {run:?}", read.0)
            }
            Event::SeveredListed { space, runs } => {
                let runs = runs.as_ref().map(Vec::len);
                write!(f, "severed in {} {runs:?}", Brief(space))
            }
            Event::Recalled { space, entries } => {
                write!(f, "recalled {} {} entries", Brief(space), entries.len())
            }
            Event::EpochDrawn { epoch } => write!(f, "epoch {}", short(&epoch.0)),
            Event::Stored { write } => write!(f, "stored w{}", write.0),
            Event::StoreFailed => f.write_str("store failed"),
            Event::Read {
                read,
                run: Some(run),
            } => write!(f, "read r{} {}", read.0, Brief(run)),
            Event::Read { read, run: None } => write!(f, "read r{} nothing", read.0),
            Event::Alive { link } => write!(f, "link {} alive", link.0),
            Event::BulkWaits { peers } => write!(f, "bulk waits with {} peers", peers.len()),
            Event::Tick => f.write_str("tick"),
        }
    }
}

impl fmt::Display for Brief<'_, Effect> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Effect::Send { link, message } => write!(f, "link {} > {}", link.0, Brief(message)),
            Effect::Close { link, reason } => write!(f, "close link {} {}", link.0, reason.name()),
            Effect::Store { write, change } => write!(f, "store w{} {}", write.0, Brief(change)),
            Effect::Read {
                read,
                space,
                feed,
                from,
                ..
            } => {
                write!(
                    f,
                    "read r{} {} {} from {from}",
                    read.0,
                    Brief(space),
                    Brief(feed)
                )
            }
            Effect::Examine {
                read,
                space,
                feed,
                from,
            } => {
                let (space, feed) = (Brief(space), Brief(feed));
                write!(f, "examine r{} {space} {feed} at {from}", read.0)
            }
            Effect::ReadSevered { read, space, run } => {
                let (space, run) = (Brief(space), Brief(run));
                write!(f, "read severed r{} {space} {run}", read.0)
            }
            Effect::ListSevered { space } => write!(f, "list severed {}", Brief(space)),
            Effect::Recall { space } => write!(f, "recall {}", Brief(space)),
            Effect::DrawEpoch => f.write_str("draw epoch"),
            Effect::Accept { request } => write!(f, "accept #{}", request.0),
            Effect::Refuse { request, refusal } => write!(f, "refuse #{} {refusal:?}", request.0),
            Effect::RosterInForce => f.write_str("roster in force"),
            Effect::Notice(notice) => write!(f, "notice {notice:?}"),
        }
    }
}

impl fmt::Display for Brief<'_, Change> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Change::Runs { space, runs } => {
                write!(f, "runs {}", Brief(space))?;
                runs.iter().try_for_each(|(run, permitted)| {
                    let limit = if *permitted == u64::MAX {
                        -1
                    } else {
                        permitted.cast_signed()
                    };
                    write!(f, " {}<{limit}", Brief(run))
                })
            }
            Change::Manifest {
                space, manifest, ..
            } => {
                write!(
                    f,
                    "manifest {} #{}",
                    Brief(space),
                    short(manifest.hash().as_bytes())
                )
            }
            Change::Roster(signed) => write!(f, "roster #{}", short(signed.hash().as_bytes())),
            Change::Branch(signed) => write!(f, "branch #{}", short(signed.hash().as_bytes())),
            Change::Permitted { space, .. } => write!(f, "permitted {}", Brief(space)),
            Change::Cut {
                space,
                feed,
                at,
                proof,
            } => {
                let why = if proof.is_some() { "proved" } else { "own" };
                write!(f, "cut {} {} at {at} {why}", Brief(space), Brief(feed))
            }
            Change::Severed { space, run, .. } => {
                write!(f, "severed {} {}", Brief(space), Brief(run.as_ref()))
            }
            Change::Receipts { space, receipts } => {
                write!(f, "receipts {} {}", Brief(space), receipts.len())
            }
            Change::Vault { space, statements } => {
                write!(f, "vault {} {}", Brief(space), statements.len())
            }
            Change::VaultLeft { space } => write!(f, "vault left {}", Brief(space)),
            Change::Epoch(epoch) => write!(f, "epoch {}", short(&epoch.0)),
        }
    }
}
