//! The condition of a line, which tests change while connections are open.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

/// An end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who connects.
    Dialler,
    /// Who is connected to.
    Target,
}

/// What becomes of a line that has carried what it was allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// All connections end, and none comes through.
    Cut,
    /// Connections stay, and nothing moves on them in either direction.
    Hold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Good,
    Cut,
    Silent,
    Held,
}

/// What is true of a line at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) target: SocketAddr,
    pub(super) condition: Condition,
    /// How often the line was cut: a connection that is older than the last cut ends.
    pub(super) cuts: u64,
    pub(super) latency: Duration,
    pub(super) bytes_per_second: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Line {
    weather: watch::Sender<Weather>,
    allowance: Mutex<Option<Allowance>>,
}

#[derive(Debug)]
struct Allowance {
    side: Side,
    bytes: u64,
    then: Then,
}

impl Line {
    pub(super) fn new(target: SocketAddr) -> Self {
        let weather = Weather {
            target,
            condition: Condition::Good,
            cuts: 0,
            latency: Duration::ZERO,
            bytes_per_second: None,
        };
        Self {
            weather: watch::Sender::new(weather),
            allowance: Mutex::new(None),
        }
    }

    pub(super) fn now(&self) -> Weather {
        *self.weather.borrow()
    }

    pub(super) fn weather(&self) -> watch::Receiver<Weather> {
        self.weather.subscribe()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    pub(super) fn cut(&self) {
        self.change(|weather| {
            weather.condition = Condition::Cut;
            weather.cuts += 1;
        });
    }

    pub(super) fn restore(&self) {
        self.change(|weather| {
            if weather.condition == Condition::Silent {
                weather.cuts += 1;
            }
            weather.condition = Condition::Good;
        });
    }

    pub(super) fn allow(&self, side: Side, bytes: u64, then: Then) {
        *self.allowance.lock().unwrap() = Some(Allowance { side, bytes, then });
    }

    /// How many of `bytes` may pass to `side` now; with the last of them the line goes bad.
    pub(super) fn take(&self, side: Side, bytes: usize) -> usize {
        let mut allowance = self.allowance.lock().unwrap();
        let Some(left) = allowance
            .as_mut()
            .filter(|allowance| allowance.side == side)
        else {
            return bytes;
        };
        let passing = bytes.min(usize::try_from(left.bytes).unwrap_or(usize::MAX));
        left.bytes -= u64::try_from(passing).unwrap();
        passing
    }

    /// Spoils the line if nothing more may pass to `side`.
    pub(super) fn settle(&self, side: Side) {
        let mut allowance = self.allowance.lock().unwrap();
        let spent = allowance.take_if(|left| left.side == side && left.bytes == 0);
        drop(allowance);
        match spent.map(|spent| spent.then) {
            Some(Then::Cut) => self.cut(),
            Some(Then::Hold) => self.change(|weather| weather.condition = Condition::Held),
            None => {}
        }
    }
}
