//! Frames: every message survives them, no bytes break the reader, and the form stays as it is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod golden;
mod hostile;
mod messages;
mod round_trip;
