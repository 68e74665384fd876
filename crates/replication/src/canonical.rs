//! The one byte encoding of everything that is hashed or signed.
//!
//! Integers are big-endian and of fixed width; byte strings, texts and lists carry their length
//! as `u32` before them. There is exactly one encoding of a value, and decoding refuses every
//! other: bytes left over, lists out of order, lengths above their limit.

use std::collections::BTreeMap;

use thiserror::Error;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The input ends inside a value.
    #[error("input ends inside a value")]
    Truncated,
    /// Bytes follow the value.
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    /// A length, or a number of items, is above its limit.
    #[error("{what} is {found} and may be {max} at most")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// What was announced.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A text is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotText(&'static str),
    /// A tag has no meaning in this version.
    #[error("{what} has the unknown code {code}")]
    UnknownCode {
        /// What carries the tag.
        what: &'static str,
        /// The tag found.
        code: u8,
    },
    /// The bytes are of another domain.
    #[error("bytes do not begin with {0}")]
    Domain(&'static str),
    /// A list is not strictly ascending, so it has another encoding too.
    #[error("the list of {0} is not in ascending order")]
    NotSorted(&'static str),
}

/// Writes values in canonical form.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// An empty encoding that begins with a domain tag and its terminating zero.
    pub fn with_domain(domain: &str) -> Self {
        let mut encoder = Self::default();
        encoder.fixed(domain.as_bytes());
        encoder.u8(0);
        encoder
    }

    /// Writes bytes whose length the reader knows.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes a number as four bytes.
    pub fn u32(&mut self, value: u32) {
        self.fixed(&value.to_be_bytes());
    }

    /// Writes a number as eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.fixed(&value.to_be_bytes());
    }

    /// Writes a signed number as eight bytes.
    pub fn i64(&mut self, value: i64) {
        self.fixed(&value.to_be_bytes());
    }

    /// Writes a length.
    ///
    /// # Panics
    /// When it is above `u32::MAX`; every limit of this crate is far below.
    pub fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).expect("lengths are limited far below four gigabytes"));
    }

    /// Writes bytes with their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.fixed(bytes);
    }

    /// The encoding.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads values in canonical form; never panics, whatever the input.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads from the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads bytes of known length.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// Reads a domain tag and its terminating zero.
    pub fn domain(&mut self, domain: &'static str) -> Result<(), DecodeError> {
        let expected = domain.as_bytes();
        if self.take(expected.len())? == expected && self.u8()? == 0 {
            Ok(())
        } else {
            Err(DecodeError::Domain(domain))
        }
    }

    /// Reads one byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.fixed()?))
    }

    /// Reads a number of four bytes.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.fixed()?))
    }

    /// Reads a number of eight bytes.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.fixed()?))
    }

    /// Reads a signed number of eight bytes.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// Reads a length or a number of items, at most `max`.
    pub fn length(&mut self, what: &'static str, max: usize) -> Result<usize, DecodeError> {
        let found = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        if found > max {
            return Err(DecodeError::TooLarge { what, found, max });
        }
        Ok(found)
    }

    /// Reads bytes behind their length, at most `max`.
    pub fn bytes(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], DecodeError> {
        let length = self.length(what, max)?;
        self.take(length)
    }

    /// Reads a text of at most `max` bytes.
    pub fn text(&mut self, what: &'static str, max: usize) -> Result<String, DecodeError> {
        let bytes = self.bytes(what, max)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| DecodeError::NotText(what))
    }

    /// Reads at most `max` items that are strictly ascending by key.
    pub fn map<K: Ord, V>(
        &mut self,
        what: &'static str,
        max: usize,
        mut item: impl FnMut(&mut Self) -> Result<(K, V), DecodeError>,
    ) -> Result<BTreeMap<K, V>, DecodeError> {
        let mut map = BTreeMap::new();
        for _ in 0..self.length(what, max)? {
            let (key, value) = item(self)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(DecodeError::NotSorted(what));
            }
            map.insert(key, value);
        }
        Ok(map)
    }

    /// Makes sure that nothing follows.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }
}
