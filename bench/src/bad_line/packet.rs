//! IPv4 packets with TCP in them, as far as a box that forgets connections must read them.

/// Bytes of an IPv4 header without options, and of a TCP header without them.
const HEADER_BYTES: usize = 20;

const TCP: u8 = 6;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

/// The two ends of a connection, in an order that does not depend on the direction.
pub(super) type Flow = [(u32, u16); 2];

/// What a packet says of its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) flow: Flow,
    flags: u8,
}

impl Segment {
    /// What an IPv4 packet says; `None` of anything else than TCP.
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        let tcp = tcp(packet)?;
        let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        let mut flow = [
            (address(packet, 12), port(0)),
            (address(packet, 16), port(2)),
        ];
        flow.sort_unstable();
        Some(Self {
            flow,
            flags: tcp[13],
        })
    }

    /// Whether it begins a connection.
    pub(super) fn begins(&self) -> bool {
        self.flags & SYN != 0
    }

    /// Whether it needs no answer: the connection is over for whoever sent it.
    pub(super) fn ends(&self) -> bool {
        self.flags & (RST | FIN) != 0
    }
}

/// What a box that does not know the connection answers to whoever sent this: that there is none.
pub(super) fn reset(packet: &[u8]) -> Option<Vec<u8>> {
    let tcp = tcp(packet)?;
    let mut answer = vec![0; 2 * HEADER_BYTES];
    answer[0] = 0x45;
    answer[3] = 40;
    answer[8] = 64;
    answer[9] = TCP;
    answer[12..16].copy_from_slice(&packet[16..20]);
    answer[16..20].copy_from_slice(&packet[12..16]);
    let check = checksum(&answer[..HEADER_BYTES], 0);
    answer[10..12].copy_from_slice(&check.to_be_bytes());
    let (ports, rest) = answer[HEADER_BYTES..].split_at_mut(4);
    ports[..2].copy_from_slice(&tcp[2..4]);
    ports[2..].copy_from_slice(&tcp[..2]);
    // It counts only when it stands exactly where the receiver expects the next byte.
    rest[..4].copy_from_slice(&tcp[8..12]);
    rest[8] = 5 << 4;
    rest[9] = RST;
    let length = u32::try_from(HEADER_BYTES).unwrap();
    let pseudo = words(&answer[12..20]) + u32::from(TCP) + length;
    let check = checksum(&answer[HEADER_BYTES..], pseudo);
    answer[HEADER_BYTES + 16..HEADER_BYTES + 18].copy_from_slice(&check.to_be_bytes());
    Some(answer)
}

fn tcp(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let header = usize::from(first & 0xf) * 4;
    let is_tcp = first >> 4 == 4 && packet.len() >= header + HEADER_BYTES && packet[9] == TCP;
    is_tcp.then(|| &packet[header..])
}

fn address(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
}

fn words(bytes: &[u8]) -> u32 {
    bytes
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum()
}

/// RFC 1071.
fn checksum(bytes: &[u8], start: u32) -> u16 {
    let mut sum = words(bytes) + start;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
