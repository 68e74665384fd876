//! A session on a connection that this node dialled.

use std::sync::Arc;

use phaki_replication::id::NodeId;
use phaki_wire::limits::FRAME_BYTES_MAX;
use phaki_wire::proto::sync::v1::sync_client::SyncClient;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::connect::Connection;
use crate::dial::DialError;
use crate::http2;
use crate::limits::{LINGER, SESSION_START_TIMEOUT};
use crate::links::{Link, Links, OpenError};
use crate::outbox::OutboundFrames;
use crate::session;
use crate::tasks::Tasks;
use crate::traffic::LinkCounters;

/// Opens the link and holds the session until it ends. An error when the other end does not agree
/// to the session in the first place.
pub(crate) async fn run(
    connection: Connection,
    peer: NodeId,
    links: Links,
    tasks: Tasks,
) -> Result<(), DialError> {
    let Connection { stream, counters } = connection;
    let requests = http2::client(stream, tasks.clone())
        .await
        .map_err(|_| DialError::Lost)?;
    let mut client = SyncClient::with_origin(requests, http2::origin())
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX);
    let (link, frames) = links
        .open(peer, true, Arc::clone(&counters))
        .await
        .map_err(not_open)?;
    let outcome = talk(&link, &mut client, frames, &counters).await;
    let cut = link.outbox.was_cut();
    link.close().await;
    drop(client);
    if !cut {
        // What is written gets a moment to leave.
        timeout(LINGER, tasks.ended()).await.ok();
    }
    tasks.end();
    outcome
}

async fn talk(
    link: &Link,
    client: &mut SyncClient<http2::Requests>,
    frames: OutboundFrames,
    counters: &LinkCounters,
) -> Result<(), DialError> {
    let response = tokio::select! {
        () = link.outbox.until_cut() => return Err(DialError::Lost),
        response = timeout(SESSION_START_TIMEOUT, client.session(frames)) => response,
    };
    match response {
        Ok(Ok(response)) => {
            session::receive(link, response.into_inner(), counters).await;
            Ok(())
        }
        Ok(Err(status)) => {
            let error = refused(&status, counters);
            let why = match error {
                DialError::Lost => session::describe(&status, counters),
                _ => error.to_string(),
            };
            link.outbox.cut(why);
            Err(error)
        }
        Err(_) => {
            link.outbox
                .cut("peer does not open the session in time".to_owned());
            Err(DialError::Silent)
        }
    }
}

fn not_open(error: OpenError) -> DialError {
    match error {
        OpenError::NotInRoster => DialError::NotInRoster,
        OpenError::Full => DialError::Full,
        OpenError::Stopping => DialError::Stopping,
    }
}

fn refused(status: &Status, counters: &LinkCounters) -> DialError {
    if counters
        .failure()
        .is_some_and(|failure| failure.access_denied)
    {
        return DialError::KeyRefused;
    }
    match status.code() {
        Code::PermissionDenied => DialError::KeyRefused,
        Code::ResourceExhausted => DialError::PeerFull,
        Code::Unavailable => DialError::PeerStopping,
        _ => DialError::Lost,
    }
}
