//! A bad line: long, narrow and lossy. How much of it a first copy uses, whether small edits overtake
//! it, and what it costs when the line is cut again and again.

mod air;
mod copying;
mod networks;
mod packet;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use phaki_tests::node::Program;

use self::air::Quality;
use self::copying::{Copied, Disturbance, Site};
use crate::AS_NODE;
use crate::daemon::seed::Seed;
use crate::figures::{Figures, count};
use crate::sheet::percentile;

/// Of the line's capacity at least so much carries what is copied.
const UTILISATION_MIN: f64 = 0.85;

/// An edit is seen at the other end within this many seconds, whatever else is under way.
const EDIT_SECONDS_MAX: f64 = 3.0;

/// Cuts cost at most this share of the bytes that a copy without cuts needs.
const CUTS_SHARE_MAX: f64 = 0.05;

/// What is to be measured. Needs Linux and root.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Plans that are copied, each with five to ten changes
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..))]
    documents: u64,
    /// Kilobits a second in each direction
    #[arg(long, value_name = "KBIT", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// Milliseconds from one end to the other and back
    #[arg(long, value_name = "MS", default_value_t = 300)]
    round_trip: u64,
    /// Packets of a hundred that are lost in each direction
    #[arg(long, value_name = "PERCENT", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..50))]
    loss: u8,
    /// How long a packet may wait for its turn on the line before it is dropped, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    queue: u64,
    /// Seconds between two cuts of three seconds, at which connections are lost
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..))]
    cut_every: u64,
    /// The rule of congestion that TCP follows (cubic, bbr); without it the machine's own
    #[arg(long, value_name = "RULE")]
    congestion: Option<String>,
    /// Another build of phaki, or of this program, that plays instead of this one
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Only the copy that nothing disturbs
    #[arg(long)]
    only_copy: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl Request {
    fn quality(&self) -> Quality {
        Quality {
            bits_per_second: self.rate * 1_000,
            delay: Duration::from_millis(self.round_trip) / 2,
            lost_percent: usize::from(self.loss),
            queue: Duration::from_millis(self.queue),
        }
    }
}

/// Copies the same documents over the line, each time with another disturbance.
pub(crate) async fn measure(program: Program, request: &Request) -> Result<Figures> {
    let program = match &request.program {
        Some(path) => Program::at(path).with_variable(AS_NODE, "1"),
        None => program,
    };
    let quality = request.quality();
    let seed = Seed::plans(&program, request.documents).await;
    let site = Site {
        program: &program,
        seed: &seed,
        quality,
        congestion: request.congestion.as_deref(),
        documents: request.documents,
    };
    let mut figures = Figures::default();
    let alone = copying::copy(&site, Disturbance::None).await?;
    add_copy(&mut figures, &alone, quality);
    if request.only_copy {
        return Ok(figures);
    }
    let edits = copying::copy(&site, Disturbance::Edits).await?;
    add_edits(&mut figures, edits);
    let every = Duration::from_secs(request.cut_every);
    let cut = copying::copy(&site, Disturbance::Cuts(every)).await?;
    add_cuts(&mut figures, &alone, &cut);
    Ok(figures)
}

fn add_copy(figures: &mut Figures, copied: &Copied, quality: Quality) {
    let could = count(quality.bytes_in(copied.took));
    figures.heading("W1, nothing else on the line");
    figures.add(
        "copy_seconds",
        "until all is durable",
        copied.took.as_secs_f64(),
        "s",
    );
    let above = count(copied.above_tls);
    figures.add("copy_bytes", "received above TLS", above, "bytes");
    figures.add(
        "copy_ip_bytes",
        "IP packets that arrived",
        count(copied.arrived),
        "bytes",
    );
    figures.add(
        "copy_line_share",
        "of the line, by IP packets",
        count(copied.arrived) / could,
        "",
    );
    let share = above / could;
    figures.add("copy_share", "of the line, by bytes above TLS", share, "");
    let text = format!("a copy uses at least {UTILISATION_MIN} of the line");
    figures.claim("copy_claim", text, share >= UTILISATION_MIN);
    figures.heading("The line is cut and comes back, nothing is missing");
    figures.add(
        "idle_seconds",
        "first packet until both are in sync",
        copied.reconnected.as_secs_f64(),
        "s",
    );
    figures.add(
        "idle_noticed_seconds",
        "the line is there until both are in sync",
        copied.noticed.as_secs_f64(),
        "s",
    );
    figures.add(
        "idle_ip_bytes",
        "IP packets sent, both directions",
        count(copied.reconnect_bytes),
        "bytes",
    );
}

fn add_edits(figures: &mut Figures, mut copied: Copied) {
    figures.heading("Edits during W1, until the other end shows them: median, worst");
    let mut worst_of_all = 0.0_f64;
    for (name, [median, worst], latencies) in [
        (
            "another space, with the copy",
            ["edit_down_median", "edit_down_worst"],
            &mut copied.edits.down,
        ),
        (
            "another space, against it",
            ["edit_up_median", "edit_up_worst"],
            &mut copied.edits.up,
        ),
        (
            "the same space, against it",
            ["edit_same_median", "edit_same_worst"],
            &mut copied.edits.same,
        ),
    ] {
        figures.add(median, name, percentile(latencies, 50), "s");
        figures.add(worst, "", percentile(latencies, 100), "s");
        worst_of_all = worst_of_all.max(percentile(latencies, 100));
    }
    figures.add(
        "edit_behind",
        "the same feed as the copy (waits for it)",
        copied.edits.behind,
        "s",
    );
    let text = format!("an edit overtakes the copy within {EDIT_SECONDS_MAX} s");
    figures.claim("edit_claim", text, worst_of_all < EDIT_SECONDS_MAX);
}

fn add_cuts(figures: &mut Figures, alone: &Copied, cut: &Copied) {
    figures.heading("W1 while the line is cut again and again");
    figures.add("cuts", "cuts", count(cut.cuts), "");
    figures.add(
        "cut_seconds",
        "until all is durable",
        cut.took.as_secs_f64(),
        "s",
    );
    figures.add(
        "cut_ip_bytes",
        "IP packets sent, both directions",
        count(cut.sent),
        "bytes",
    );
    let extra = count(cut.sent) / count(alone.sent) - 1.0;
    figures.add("cut_extra_share", "more than without cuts", extra, "");
    let text = format!("cuts cost less than {CUTS_SHARE_MAX} of the bytes");
    figures.claim("cut_claim", text, extra < CUTS_SHARE_MAX);
}
