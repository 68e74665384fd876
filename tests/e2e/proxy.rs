//! The proxy itself, since every other test believes in it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use phaki_tests::proxy::{Proxy, Side, Then};
use phaki_tests::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that says everything back.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

async fn say(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Waits until the stream ends, whichever way.
async fn end_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = wait::at_most("the stream ends", stream.read_to_end(&mut rest)).await;
    rest
}

#[tokio::test]
async fn a_good_line_carries_everything_and_counts_it() {
    let line = Proxy::start(echo().await).await;
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    let sent = vec![7; 300_000];
    let (mut from, mut to) = stream.split();
    let write = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, read) = tokio::join!(write, from.read_to_end(&mut back));
    assert_eq!(read.unwrap(), sent.len());
    assert_eq!(line.bytes_towards(Side::Target), 300_000);
    assert_eq!(line.bytes_towards(Side::Dialler), 300_000);
    assert_eq!(line.connections().len(), 1);
}

#[tokio::test]
async fn a_cut_ends_both_directions_and_lets_nobody_through_until_restored() {
    let line = Proxy::start(echo().await).await;
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    assert_eq!(say(&mut stream, b"before").await.unwrap(), b"before");
    line.cut();
    assert!(end_of(&mut stream).await.is_empty());
    if let Ok(mut refused) = TcpStream::connect(line.address()).await {
        assert!(end_of(&mut refused).await.is_empty());
    }
    line.restore();
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    assert_eq!(say(&mut stream, b"after").await.unwrap(), b"after");
}

#[tokio::test]
async fn a_line_goes_bad_after_exactly_the_bytes_it_was_allowed() {
    let line = Proxy::start(echo().await).await;
    line.after(Side::Dialler, 1_000, Then::Hold);
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    stream.write_all(&[1; 5_000]).await.unwrap();
    let mut arrived = vec![0; 1_000];
    stream.read_exact(&mut arrived).await.unwrap();
    line.spoilt().await;
    assert_eq!(line.bytes_towards(Side::Dialler), 1_000);
    line.cut();
    assert!(end_of(&mut stream).await.is_empty());
    assert_eq!(line.bytes_towards(Side::Dialler), 1_000);
}

#[tokio::test]
async fn a_held_line_goes_on_where_it_stopped() {
    let line = Proxy::start(echo().await).await;
    line.after(Side::Target, 4, Then::Hold);
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    stream.write_all(b"abcdef").await.unwrap();
    line.spoilt().await;
    line.restore();
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"abcdef");
}

#[tokio::test]
async fn a_black_hole_swallows_and_ends_what_it_damaged() {
    let line = Proxy::start(echo().await).await;
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    assert_eq!(say(&mut stream, b"before").await.unwrap(), b"before");
    line.blackhole();
    stream.write_all(b"swallowed").await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_millis(100), stream.read_u8()).await;
    assert!(nothing.is_err(), "the line said something: {nothing:?}");
    line.restore();
    assert!(end_of(&mut stream).await.is_empty());
}

#[tokio::test]
async fn a_slow_line_takes_its_time() {
    let line = Proxy::start(echo().await).await;
    let mut stream = TcpStream::connect(line.address()).await.unwrap();
    line.delay(Duration::from_millis(40));
    let started = Instant::now();
    say(&mut stream, b"there and back").await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_millis(80),
        "{:?}",
        started.elapsed()
    );
    line.delay(Duration::ZERO);
    line.throttle(Some(100_000));
    let started = Instant::now();
    say(&mut stream, &[0; 10_000]).await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_millis(100),
        "{:?}",
        started.elapsed()
    );
}
