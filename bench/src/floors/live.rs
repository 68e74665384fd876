//! The floor of W4: one small change becomes durable at two places with a TLS line between them.

use std::io::{Read, Write};
use std::time::Instant;

use super::{database, insert, line};
use crate::catalogue::{self, Workload};
use crate::figures::milliseconds;
use crate::sheet::{Round, percentile};

/// Changes that are sent, one after the other.
const CHANGES: u64 = 1_000;

/// Bytes of a small change with the frame around it.
const FRAME_BYTES: usize = 320;

/// Answers with one byte.
const DONE: [u8; 1] = [1];

pub(super) fn measure() -> Round {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (
        database(folder.path(), "here.db"),
        database(folder.path(), "there.db"),
    );
    let (mut dialler, mut listener) = line::pair();
    let mut latencies = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut frame = [0; FRAME_BYTES];
            for turn in 0..CHANGES {
                listener.read_exact(&mut frame).unwrap();
                insert(&there, b"plan", &turn.to_be_bytes(), &frame);
                listener.write_all(&DONE).unwrap();
                listener.flush().unwrap();
            }
        });
        let send = |turn: u64| {
            let (mut done, frame, began) = (DONE, [7; FRAME_BYTES], Instant::now());
            insert(&here, b"plan", &turn.to_be_bytes(), &frame);
            dialler.write_all(&frame).unwrap();
            dialler.flush().unwrap();
            dialler.read_exact(&mut done).unwrap();
            milliseconds(began.elapsed())
        };
        (0..CHANGES).map(send).collect::<Vec<_>>()
    });
    let mut round = Round::of(Workload::Live);
    round.add(catalogue::EDIT_P50_MS, percentile(&mut latencies, 50));
    round.add(catalogue::EDIT_P99_MS, percentile(&mut latencies, 99));
    round
}
