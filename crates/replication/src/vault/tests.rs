//! What statements about people look like in bytes, and which ones are believed.

use super::*;
use crate::limits::VAULT_STATEMENT_BYTES_MAX;

fn statement(signer: &SecretKey, content: Content) -> Statement {
    Statement {
        federation: FederationId([1; 32]),
        space: SpaceId([2; 16]),
        subject: Subject([3; 17]),
        node: signer.node(),
        time_ms: 1_700_000_000_000,
        content,
    }
}

fn record(key: &VaultKey) -> Content {
    Content::Record(Record {
        number: 7,
        key: key.hash(),
        sealed: Bytes::from(vec![0; VAULT_SEALED_BYTES_MAX]),
    })
}

#[test]
fn every_statement_reads_back_equal_and_counts_in_its_place_only() {
    let signer = SecretKey::from_seed(&[5; 32]);
    let key = VaultKey::new([6; 32]);
    let grounds = Ground::ALL.map(|(ground, ..)| (Content::Order(ground), None));
    let others = [(Content::Done, None), (record(&key), Some(key))];
    for (content, key) in grounds.into_iter().chain(others) {
        let said = statement(&signer, content);
        let told = said.sign(&signer, key);
        assert!(told.signed.bytes.len() <= VAULT_STATEMENT_BYTES_MAX);
        assert_eq!(told.read(&said.federation, &said.space), Ok(said.clone()));
        assert_eq!(told.check(&said), Ok(()));
        let elsewhere = told.read(&said.federation, &SpaceId([9; 16]));
        assert_eq!(elsewhere, Err(StatementError::Place));
        let forged = said.sign(&SecretKey::from_seed(&[8; 32]), told.key.clone());
        assert_eq!(forged.check(&said), Err(StatementError::Signature));
    }
}

#[test]
fn a_record_counts_with_the_key_that_it_names_only() {
    let signer = SecretKey::from_seed(&[5; 32]);
    let key = VaultKey::new([6; 32]);
    let said = statement(&signer, record(&key));
    for other in [None, Some(VaultKey::new([7; 32]))] {
        let told = said.sign(&signer, other);
        let read = told.read(&said.federation, &said.space);
        assert_eq!(read, Err(StatementError::Key));
    }
}

#[test]
fn every_ground_has_a_name_and_a_code_of_its_own() {
    for (ground, code, name) in Ground::ALL {
        assert_eq!(Ground::from_name(name), Some(ground));
        assert_eq!(Ground::from_code(code), Ok(ground));
        assert_eq!((ground.code(), ground.name()), (code, name));
    }
    assert_eq!(Ground::from_name("whim"), None);
}
