//! A line between two nodes that can be cut, slowed and restored: a TCP relay in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes carried at a time; on a slow line this also is the size of a step.
const STEP_BYTES: usize = 4 * 1024;

/// What a line carries at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Open,
    /// So many bytes a second in each direction.
    Slow(u32),
    /// Nothing: existing connections are closed and new ones end at once.
    Cut,
}

/// One line; it ends with this value.
#[derive(Debug)]
pub(super) struct Relay {
    /// Where the near end dials.
    pub(super) address: SocketAddr,
    line: watch::Sender<Line>,
    task: JoinHandle<()>,
}

impl Relay {
    /// An open line to `target`.
    pub(super) async fn open(target: SocketAddr) -> anyhow::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("open a relay on 127.0.0.1")?;
        let address = listener.local_addr().context("read the relay's address")?;
        let (line, state) = watch::channel(Line::Open);
        let task = tokio::spawn(accept(listener, target, state));
        Ok(Relay {
            address,
            line,
            task,
        })
    }

    /// Changes what the line carries.
    pub(super) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, line: watch::Receiver<Line>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of descriptors or the like: the caller tries again.
                let Ok((near, _)) = accepted else { continue };
                if *line.borrow() != Line::Cut {
                    connections.spawn(carry(near, target, line.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until an end closes it or the line is cut.
async fn carry(near: TcpStream, target: SocketAddr, line: watch::Receiver<Line>) {
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let mut cut = line.clone();
    tokio::select! {
        () = async {
            tokio::join!(
                one_way(near_in, far_out, line.clone()),
                one_way(far_in, near_out, line.clone()),
            );
        } => {}
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    line: watch::Receiver<Line>,
) {
    let mut buffer = [0; STEP_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let state = *line.borrow();
        if let Line::Slow(bytes_per_second) = state {
            let share = f64::from(u32::try_from(length).unwrap_or(u32::MAX));
            let pause = share / f64::from(bytes_per_second.max(1));
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    // The other direction may still have something to say.
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn a_cut_closes_what_is_open_and_what_comes() {
        let relay = Relay::open(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        let mut answer = [0; 4];
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");

        relay.set(Line::Cut);
        assert!(matches!(stream.read(&mut answer).await, Ok(0) | Err(_)));
        let mut refused = TcpStream::connect(relay.address).await.unwrap();
        assert!(matches!(refused.read(&mut answer).await, Ok(0) | Err(_)));

        relay.set(Line::Slow(1_000_000));
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        stream.write_all(b"pong").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"pong");
    }
}
