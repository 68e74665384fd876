//! Requests about contact data of people.

use phaki_wire::proto::local::v1::{
    Contact, EraseContactRequest, Erasure, ListContactsRequest, SetContactRequest,
    ShowContactRequest,
};

use super::{Client, answer};

impl Client {
    pub(crate) async fn set_contact(
        &mut self,
        request: SetContactRequest,
    ) -> anyhow::Result<Contact> {
        answer("record contact data", self.api.set_contact(request)).await
    }

    pub(crate) async fn contact(&mut self, request: ShowContactRequest) -> anyhow::Result<Contact> {
        answer("read contact data", self.api.show_contact(request)).await
    }

    pub(crate) async fn contacts(&mut self, space: &str) -> anyhow::Result<Vec<Contact>> {
        let space = space.to_owned();
        let request = ListContactsRequest { space };
        let reply = answer("list contact data", self.api.list_contacts(request)).await?;
        Ok(reply.contacts)
    }

    pub(crate) async fn erase(&mut self, request: EraseContactRequest) -> anyhow::Result<Erasure> {
        answer("erase person", self.api.erase_contact(request)).await
    }
}
