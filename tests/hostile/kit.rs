//! What every attack is made of: a peer that speaks the protocol by hand, and the honest nodes
//! around it, of which the kit knows what must still be true afterwards.

pub(crate) mod call;
pub(crate) mod enrol;
pub(crate) mod evidence;
pub(crate) mod impostor;
pub(crate) mod peer;
pub(crate) mod pen;
pub(crate) mod say;
pub(crate) mod tls;
pub(crate) mod world;
