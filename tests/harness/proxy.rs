//! The line between two nodes: a TCP proxy that counts what passes and can go bad.

mod line;
mod pump;
mod records;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use line::{Condition, Line};
pub use line::{Side, Then};
pub use records::Records;

/// A line from whoever connects to [`Proxy::address`] to one node. Ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
    connections: Arc<Mutex<Vec<Arc<Traffic>>>>,
    accepting: JoinHandle<()>,
}

/// What one connection has carried.
#[derive(Debug, Default)]
pub struct Traffic {
    upstream: Mutex<Records>,
    downstream: Mutex<Records>,
}

impl Traffic {
    /// What went to that side.
    pub fn towards(&self, side: Side) -> Records {
        *self.half(side).lock().unwrap()
    }

    /// Bytes in both directions.
    pub fn bytes(&self) -> u64 {
        self.towards(Side::Target).bytes + self.towards(Side::Dialler).bytes
    }

    fn half(&self, side: Side) -> &Mutex<Records> {
        match side {
            Side::Target => &self.upstream,
            Side::Dialler => &self.downstream,
        }
    }
}

impl Proxy {
    /// A good line to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line::new(target));
        let connections = Arc::default();
        let accepting = tokio::spawn(accept(
            listener,
            Arc::clone(&line),
            Arc::clone(&connections),
        ));
        Self {
            address,
            line,
            connections,
            accepting,
        }
    }

    /// Where to dial, `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// New connections go there: a node that starts again has another port.
    pub fn set_target(&self, target: SocketAddr) {
        self.line.change(|weather| weather.target = target);
    }

    /// Ends all connections in both directions at once and lets none through.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Ends all connections; new ones go through.
    pub fn drop_connections(&self) {
        self.line.cut();
        self.restore();
    }

    /// Accepts connections and swallows whatever comes, on those that exist too.
    pub fn blackhole(&self) {
        self.line
            .change(|weather| weather.condition = Condition::Silent);
    }

    /// Passes everything on again. Connections that lost bytes end: no line loses a part only.
    pub fn restore(&self) {
        self.line.restore();
    }

    /// Everything arrives later by this, in each direction.
    pub fn delay(&self, latency: Duration) {
        self.line.change(|weather| weather.latency = latency);
    }

    /// At most so many bytes pass in a second, in each direction of each connection.
    pub fn throttle(&self, bytes_per_second: Option<u64>) {
        self.line
            .change(|weather| weather.bytes_per_second = bytes_per_second);
    }

    /// Lets `bytes` more pass to `side` and then spoils the line, for good.
    pub fn after(&self, side: Side, bytes: u64, then: Then) {
        self.line.allow(side, bytes, then);
    }

    /// Waits until [`Proxy::after`] has come true.
    pub async fn spoilt(&self) {
        let mut weather = self.line.weather();
        let spoilt = weather
            .wait_for(|weather| matches!(weather.condition, Condition::Cut | Condition::Held));
        crate::wait::at_most("the line goes bad", spoilt)
            .await
            .unwrap();
    }

    /// All connections so far, in their order, with what each has carried.
    pub fn connections(&self) -> Vec<Arc<Traffic>> {
        self.connections.lock().unwrap().clone()
    }

    /// Bytes that all connections together have carried in both directions.
    pub fn bytes(&self) -> u64 {
        self.connections()
            .iter()
            .map(|traffic| traffic.bytes())
            .sum()
    }

    /// Bytes that all connections together have carried towards that side.
    pub fn bytes_towards(&self, side: Side) -> u64 {
        self.connections()
            .iter()
            .map(|traffic| traffic.towards(side).bytes)
            .sum()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.line.cut();
    }
}

async fn accept(
    listener: TcpListener,
    line: Arc<Line>,
    connections: Arc<Mutex<Vec<Arc<Traffic>>>>,
) {
    loop {
        let (dialler, _) = listener.accept().await.unwrap();
        let weather = line.now();
        if weather.condition == Condition::Cut {
            reset(&dialler);
            continue;
        }
        let traffic = Arc::new(Traffic::default());
        connections.lock().unwrap().push(Arc::clone(&traffic));
        tokio::spawn(connect(dialler, Arc::clone(&line), weather.cuts, traffic));
    }
}

/// Carries one connection until an end closes it or the line is cut.
async fn connect(dialler: TcpStream, line: Arc<Line>, cuts: u64, traffic: Arc<Traffic>) {
    let Ok(target) = TcpStream::connect(line.now().target).await else {
        reset(&dialler);
        return;
    };
    dialler.set_nodelay(true).unwrap();
    target.set_nodelay(true).unwrap();
    if pump::both_ways(&dialler, &target, &line, cuts, &traffic)
        .await
        .is_err()
    {
        reset(&dialler);
        reset(&target);
    }
}

/// Makes the end of a connection abrupt.
fn reset(stream: &TcpStream) {
    // The other end may have gone first; then there is nothing to be abrupt with.
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
