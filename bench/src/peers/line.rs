//! What is between two nodes of another system: a counting proxy, or for those over UDP the loopback
//! interface of a network of their own.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use phaki_tests::proxy::{Proxy, Side};

/// After so much silence an exchange is over.
const SILENCE: Duration = Duration::from_millis(600);

/// How often the line is looked at.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) enum Line {
    Proxy(Proxy),
    /// As the process with this id sees it.
    Loopback(u32),
}

/// A place in what a line has carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    bytes: u64,
    connections: usize,
}

impl Line {
    pub(super) async fn to(target: SocketAddr) -> Self {
        Self::Proxy(Proxy::start(target).await)
    }

    /// Lets nothing through until [`Line::restore`]. A network of its own always carries.
    pub(super) fn cut(&self) {
        if let Self::Proxy(proxy) = self {
            proxy.cut();
        }
    }

    pub(super) fn restore(&self) {
        if let Self::Proxy(proxy) = self {
            proxy.restore();
        }
    }

    pub(super) fn mark(&self) -> Result<Mark> {
        let connections = match self {
            Self::Proxy(proxy) => proxy.connections().len(),
            Self::Loopback(_) => 0,
        };
        Ok(Mark {
            bytes: self.bytes()?,
            connections,
        })
    }

    /// Bytes in both directions since then.
    pub(super) fn bytes_since(&self, mark: Mark) -> Result<u64> {
        Ok(self.bytes()? - mark.bytes)
    }

    /// When the first and the last bytes passed on connections that are newer.
    pub(super) fn times_since(&self, mark: Mark) -> Result<(SystemTime, SystemTime)> {
        let Self::Proxy(proxy) = self else {
            anyhow::bail!("only a proxy knows when bytes passed");
        };
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for traffic in &proxy.connections()[mark.connections..] {
            for side in [Side::Target, Side::Dialler] {
                first.extend(traffic.towards(side).first_at);
                last.extend(traffic.towards(side).last_at);
            }
        }
        let first = first.into_iter().min();
        first
            .zip(last.into_iter().max())
            .context("nothing has passed")
    }

    /// Waits until something has passed since then, and then nothing for a while.
    pub(super) async fn silent_since(&self, mark: Mark) -> Result<()> {
        while self.bytes()? == mark.bytes {
            tokio::time::sleep(LOOK).await;
        }
        self.silent().await
    }

    /// Waits until nothing has passed for a while.
    pub(super) async fn silent(&self) -> Result<()> {
        let (mut before, mut since) = (self.bytes()?, Instant::now());
        while since.elapsed() < SILENCE {
            tokio::time::sleep(LOOK).await;
            let now = self.bytes()?;
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    fn bytes(&self) -> Result<u64> {
        match self {
            Self::Proxy(proxy) => Ok(proxy.bytes()),
            Self::Loopback(pid) => loopback_bytes(*pid),
        }
    }
}

/// Bytes that the loopback interface has carried, headers of IP and UDP included.
fn loopback_bytes(pid: u32) -> Result<u64> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/dev"))?;
    let mut lines = table.lines().map(str::trim_start);
    let line = lines.find_map(|line| line.strip_prefix("lo:"));
    let received = line.and_then(|line| line.split_whitespace().next());
    received
        .context("there is no loopback interface")?
        .parse()
        .context("bytes of the loopback interface")
}
