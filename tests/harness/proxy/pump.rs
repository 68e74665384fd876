//! Carrying the bytes of one connection under the weather of its line.

use std::io;
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::Traffic;
use super::line::{Condition, Line, Side};

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 << 10;

/// Chunks that are on their way at once, so that a delay does not limit the rate too.
const CHUNKS_MAX: usize = 64;

/// A piece of the stream, and when it was sent.
type Chunk = (Instant, Vec<u8>);

/// Carries bytes until both ends have closed.
///
/// # Errors
/// When the line is cut or an end breaks off.
pub(super) async fn both_ways(
    dialler: &TcpStream,
    target: &TcpStream,
    line: &Line,
    cuts: u64,
    traffic: &Traffic,
) -> io::Result<()> {
    let mut weather = line.weather();
    let up = one_way(dialler, target, Side::Target, line, traffic);
    let down = one_way(target, dialler, Side::Dialler, line, traffic);
    tokio::select! {
        biased;
        _ = weather.wait_for(|weather| weather.cuts != cuts) => {
            Err(io::ErrorKind::ConnectionReset.into())
        }
        carried = async { tokio::try_join!(up, down) } => carried.map(|_| ()),
    }
}

async fn one_way(
    from: &TcpStream,
    to: &TcpStream,
    side: Side,
    line: &Line,
    traffic: &Traffic,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::try_join!(
        take_in(from, sender),
        hand_out(to, receiver, side, line, traffic)
    )?;
    Ok(())
}

async fn take_in(from: &TcpStream, chunks: mpsc::Sender<Chunk>) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        from.readable().await?;
        match from.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                let chunk = (Instant::now(), buffer[..read].to_vec());
                if chunks.send(chunk).await.is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn hand_out(
    to: &TcpStream,
    mut chunks: mpsc::Receiver<Chunk>,
    side: Side,
    line: &Line,
    traffic: &Traffic,
) -> io::Result<()> {
    while let Some((sent, bytes)) = chunks.recv().await {
        let mut left = &bytes[..];
        while !left.is_empty() {
            let weather = passable(line).await;
            if weather.condition == Condition::Silent {
                break;
            }
            // Timers are of whole milliseconds, even for a moment that has passed.
            if !weather.latency.is_zero() {
                sleep_until(sent + weather.latency).await;
            }
            let (now, later) = left.split_at(line.take(side, left.len()));
            if let Some(rate) = weather.bytes_per_second {
                sleep(Duration::from_secs_f64(now.len() as f64 / rate as f64)).await;
            }
            write_all(to, now).await?;
            traffic
                .half(side)
                .lock()
                .unwrap()
                .add(now, SystemTime::now());
            line.settle(side);
            left = later;
        }
    }
    let _ = passable(line).await;
    socket2::SockRef::from(to).shutdown(std::net::Shutdown::Write)
}

/// Waits while the line holds everything.
async fn passable(line: &Line) -> super::line::Weather {
    let mut weather = line.weather();
    let passable = weather
        .wait_for(|weather| weather.condition != Condition::Held)
        .await;
    *passable.unwrap()
}

async fn write_all(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
