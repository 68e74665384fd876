//! What a run is to do, and what it did in numbers.

/// What a run is to do; the same options give the same run, byte for byte.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Machines, at least one.
    pub nodes: usize,
    /// Things that happen from outside.
    pub steps: u64,
    /// A fault in the driver that the checks must find.
    pub sabotage: Option<Sabotage>,
    /// Is given every line of the trace.
    pub print: Option<fn(&str)>,
}

/// A fault in the driver of a node, not in the node: for testing the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A node is told that a write is durable before it is.
    AcknowledgeBeforeStored,
    /// The store applies entries that do not count.
    SkipRightsCheck,
    /// The disk forgets the newest run of the machine's own feeds when the machine crashes.
    ForgetOnCrash,
    /// The store keeps half of a write when the power goes.
    TearTransactions,
    /// A node never learns of entries of its own that were cut off.
    RepublishNothing,
    /// The disk keeps what is to be cut off.
    IgnoreCuts,
}

impl Sabotage {
    const NAMES: [(&'static str, Self); 6] = [
        ("acknowledge-before-stored", Self::AcknowledgeBeforeStored),
        ("skip-rights-check", Self::SkipRightsCheck),
        ("forget-on-crash", Self::ForgetOnCrash),
        ("tear-transactions", Self::TearTransactions),
        ("republish-nothing", Self::RepublishNothing),
        ("ignore-cuts", Self::IgnoreCuts),
    ];

    /// The sabotage with that name.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, sabotage)| *sabotage)
            .ok_or_else(|| format!("unknown sabotage {name}"))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| *name)
    }
}

/// What happened in a run, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that nodes handled.
    pub events: u64,
    /// Messages that nodes sent.
    pub messages: u64,
    /// Entries that clients were told are durable.
    pub acknowledged: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Entries that disks took.
    pub stored: u64,
    /// Crashes.
    pub crashes: u64,
    /// Times that the power went in the middle of a commit, or before the node heard of it.
    pub torn: u64,
    /// Connections made.
    pub connections: u64,
    /// Stores put back to what they were earlier.
    pub restored: u64,
    /// Machines that ran twice for a while.
    pub cloned: u64,
    /// Times that different entries were signed at one place.
    pub equivocations: u64,
    /// Times that a feed was cut.
    pub cuts: u64,
}
