//! The receiving half of a session, the same for both ends, and how a session ends.

use std::error::Error;

use phaki_replication::message::{CloseReason, Message};
use phaki_wire::frame;
use phaki_wire::proto::sync::v1::Frame;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::{Code, Status, Streaming};

use crate::event::NetEvent;
use crate::limits::{ALIVE_BYTES_MIN, ALIVE_EVERY, LINGER};
use crate::links::Link;
use crate::traffic::LinkCounters;

/// Turns the frames of a peer into events until either end ends the session. On return
/// [`crate::outbox::Outbox::why`] is settled.
pub(crate) async fn receive(link: &Link, mut frames: Streaming<Frame>, counters: &LinkCounters) {
    let mut alive = interval(ALIVE_EVERY);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut read_before = 0;
    loop {
        let frame = tokio::select! {
            biased;
            () = link.outbox.closing() => break,
            frame = frames.message() => frame,
            _ = alive.tick() => {
                let read = counters.plain.read();
                if read >= read_before + ALIVE_BYTES_MIN {
                    // When nobody listens any more the next frame says so too.
                    link.events().send(NetEvent::Alive { link: link.id }).await.ok();
                }
                read_before = read;
                continue;
            }
        };
        match frame {
            Ok(Some(frame)) => take(link, frame).await,
            Ok(None) => {
                return link
                    .outbox
                    .finish("closed by peer without a reason".to_owned());
            }
            Err(status) => end_with(link, &status, counters),
        }
    }
    // What is queued and the reason for closing still reach the peer, which then ends its side.
    let drain = async { while let Ok(Some(_)) = frames.message().await {} };
    tokio::select! {
        () = link.outbox.until_cut() => {}
        _ = timeout(LINGER, drain) => {}
    }
}

/// Passes one frame on, or ends the session.
async fn take(link: &Link, frame: Frame) {
    // Room is taken before the message is decompressed, and waiting for it stops the reading.
    let Ok(room) = link.events().reserve(frame::cost(&frame)).await else {
        return link.outbox.close(CloseReason::Shutdown);
    };
    let message = match frame::from_wire(frame) {
        Ok(message) => message,
        Err(error) => {
            let limit = error.is_limit();
            let reason = if limit {
                CloseReason::Limit
            } else {
                CloseReason::Protocol
            };
            return refuse(link, reason, &error.to_string());
        }
    };
    let told = match message {
        Message::Close(reason) => Some(format!("closed by peer: {}", reason.name())),
        _ => None,
    };
    if let Some(why) = &told {
        link.outbox.note(why.clone());
    }
    let received = NetEvent::Received {
        link: link.id,
        message,
    };
    if link.events().send_in(room, received).await.is_err() {
        return link.outbox.close(CloseReason::Shutdown);
    }
    if let Some(why) = told {
        link.outbox.finish(why);
    }
}

/// What tonic says of a message that gRPC itself compressed, which this protocol does not speak.
const COMPRESSED: &str = "compressed-flag";

/// Ends a session whose stream failed: with a reason when the peer is at fault.
fn end_with(link: &Link, status: &Status, counters: &LinkCounters) {
    // Both codes are set by decoding on this side; the other end never sends them.
    let reason = match status.code() {
        Code::OutOfRange => CloseReason::Limit,
        Code::InvalidArgument => CloseReason::Protocol,
        Code::Internal if status.message().contains(COMPRESSED) => CloseReason::Protocol,
        _ => return link.outbox.cut(describe(status, counters)),
    };
    refuse(link, reason, status.message());
}

fn refuse(link: &Link, reason: CloseReason, what: &str) {
    let why = format!(
        "peer sent a frame that is refused ({}): {what}",
        reason.name()
    );
    link.events().refused(Some(link.peer), false, reason.name());
    link.outbox.close_with(reason, why);
}

/// What is known of a connection's failure, in words.
pub(crate) fn describe(status: &Status, counters: &LinkCounters) -> String {
    if let Some(failure) = counters.failure() {
        return format!("connection lost: {}", failure.text);
    }
    let mut cause: Option<&dyn Error> = status.source();
    let mut text = status.message().to_owned();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    format!("connection lost: {text}")
}
