//! Counting the records of TLS that pass, from their headers, which are not encrypted.

use std::time::SystemTime;

/// What passed in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// All bytes.
    pub bytes: u64,
    /// Records in the clear: the two hellos, changes of cipher, alerts.
    pub clear: u64,
    /// Bytes of these.
    pub clear_bytes: u64,
    /// Encrypted records: the rest of the handshake, then everything else.
    pub sealed: u64,
    /// Bytes of these, their headers included.
    pub sealed_bytes: u64,
    /// When the first bytes passed.
    pub first_at: Option<SystemTime>,
    /// When the last bytes passed.
    pub last_at: Option<SystemTime>,
    /// When the first encrypted record began to pass: towards the target it ends the handshake.
    pub first_sealed_at: Option<SystemTime>,
    header: [u8; HEADER_BYTES],
    header_filled: usize,
    body_left: usize,
}

/// Type (1), version (2), length (2): RFC 8446, section 5.1.
const HEADER_BYTES: usize = 5;

/// The type of encrypted records in TLS 1.3.
const APPLICATION_DATA: u8 = 23;

impl Records {
    /// Takes note of the next bytes of the stream, which passed at `now`.
    pub(super) fn add(&mut self, mut bytes: &[u8], now: SystemTime) {
        self.first_at.get_or_insert(now);
        self.last_at = Some(now);
        self.bytes += u64::try_from(bytes.len()).unwrap();
        while !bytes.is_empty() {
            if self.body_left > 0 {
                let skipped = self.body_left.min(bytes.len());
                self.body_left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header[self.header_filled] = bytes[0];
            self.header_filled += 1;
            bytes = &bytes[1..];
            if self.header_filled == HEADER_BYTES {
                self.finish_header(now);
            }
        }
    }

    fn finish_header(&mut self, now: SystemTime) {
        let [kind, _, _, high, low] = self.header;
        self.header_filled = 0;
        self.body_left = usize::from(u16::from_be_bytes([high, low]));
        let record_bytes = u64::try_from(HEADER_BYTES + self.body_left).unwrap();
        let (count, bytes) = if kind == APPLICATION_DATA {
            self.first_sealed_at.get_or_insert(now);
            (&mut self.sealed, &mut self.sealed_bytes)
        } else {
            (&mut self.clear, &mut self.clear_bytes)
        };
        *count += 1;
        *bytes += record_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_however_the_stream_is_cut_into_pieces() {
        let hello = [&[22, 3, 1, 0, 3][..], b"abc"].concat();
        let sealed = [&[23, 3, 3, 1, 4][..], &[0; 260]].concat();
        let stream = [&hello[..], &sealed, &sealed].concat();
        for piece in [1, 2, 7, 300, stream.len()] {
            let mut records = Records::default();
            let now = SystemTime::UNIX_EPOCH;
            stream
                .chunks(piece)
                .for_each(|bytes| records.add(bytes, now));
            assert_eq!(records.bytes, 8 + 2 * 265);
            assert_eq!((records.clear, records.clear_bytes), (1, 8));
            assert_eq!((records.sealed, records.sealed_bytes), (2, 2 * 265));
        }
    }
}
