//! Generated protobuf code and its checked conversion.
//!
//! [`frame`] turns session messages into frames and back, [`enrol`] does so for enrolment. Every
//! `from_wire` checks each field against its limit, and [`codec`] counts before prost allocates,
//! so that no frame costs more than its limit.

pub mod frame;

pub mod batch;
pub mod codec;
pub mod enrol;
pub mod field;
pub mod limits;
pub mod proto;
mod receipts;

mod scan;
mod severed;
mod shorten;
mod vault;
