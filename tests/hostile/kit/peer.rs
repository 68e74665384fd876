//! A peer that is not phaki: it says what the attack wants, and keeps every byte that it hears.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;
use phaki_replication::id::FederationId;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::sign::SecretKey;
use phaki_tests::wait;

use super::call::{Call, Connection, SESSION};
use super::{say, tls};

/// A session by hand.
pub(crate) struct Peer {
    call: Call,
    federation: FederationId,
    heard: Vec<Bytes>,
}

impl Peer {
    /// Opens a session in which nothing is said yet.
    ///
    /// # Errors
    /// In words, when the node refuses it.
    pub(crate) async fn open(
        address: SocketAddr,
        key: &SecretKey,
        federation: FederationId,
    ) -> Result<Self, String> {
        let opening = async {
            let connection = Connection::open(address, Some(key), tls::SESSION).await?;
            connection.call(SESSION, HeaderMap::new()).await
        };
        let call = wait::at_most("a session opens or is refused", opening).await?;
        Ok(Self {
            call,
            federation,
            heard: Vec::new(),
        })
    }

    /// Opens a session and greets as an honest node would.
    pub(crate) async fn greet(
        address: SocketAddr,
        key: &SecretKey,
        federation: FederationId,
    ) -> Self {
        let mut peer = Self::open(address, key, federation).await.unwrap();
        peer.say(say::hello(federation)).await;
        peer.say(say::have([])).await;
        peer.hear_until("the greeting is returned", |message| {
            matches!(message, Message::Hello(_)).then_some(())
        })
        .await;
        peer
    }

    /// Says something; the node may have hung up already.
    pub(crate) async fn say(&mut self, message: Message) {
        self.say_bytes(&say::encoded(message)).await;
    }

    /// Says one message in these bytes; the node may have hung up already.
    pub(crate) async fn say_bytes(&mut self, message: &[u8]) {
        self.call.send_message(message).await;
    }

    /// Sends bytes beneath gRPC; false when the node has hung up.
    pub(crate) async fn send(&mut self, bytes: Bytes) -> bool {
        wait::at_most("the node takes bytes", self.call.send(bytes)).await
    }

    /// The next message; `None` when the session is over.
    pub(crate) async fn hear(&mut self) -> Option<Message> {
        let next = self.call.receive();
        let bytes = wait::at_most("the node says something or hangs up", next).await?;
        let message = say::decoded(&bytes);
        self.heard.push(bytes);
        Some(message)
    }

    /// Hears messages until one of them has what is looked for.
    pub(crate) async fn hear_until<T>(
        &mut self,
        what: &str,
        mut found: impl FnMut(&Message) -> Option<T>,
    ) -> T {
        while let Some(message) = self.hear().await {
            if let Some(found) = found(&message) {
                return found;
            }
        }
        panic!("the session ended before {what}");
    }

    /// The node ends the session, and says this reason; then this end hangs up too.
    pub(crate) async fn is_closed(&mut self, expected: CloseReason) {
        let mut said = None;
        while let Some(message) = self.hear().await {
            if let Message::Close(reason) = message {
                said = Some(reason);
            }
        }
        self.call.hang_up();
        assert_eq!(said, Some(expected), "why the node ended the session");
    }

    /// Greets a second time, which ends every session: everything before it has been dealt with,
    /// and had not ended the session.
    pub(crate) async fn was_ignored(&mut self) {
        self.say(say::hello(self.federation)).await;
        self.is_closed(CloseReason::Protocol).await;
    }

    /// All that was heard, as it came.
    pub(crate) fn heard(&self) -> &[Bytes] {
        &self.heard
    }
}
