//! Reading the numbers and texts of a pickle's instructions.

use super::fault::Fault;

/// The bytes still to be read.
pub(super) struct Input<'p> {
    bytes: &'p [u8],
    position: usize,
}

impl<'p> Input<'p> {
    pub(super) fn new(bytes: &'p [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Number of bytes that were read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Number of bytes still to be read.
    pub(super) fn rest(&self) -> usize {
        self.bytes.len() - self.position
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'p [u8], Fault> {
        let rest = &self.bytes[self.position..];
        match usize::try_from(count).ok().and_then(|count| rest.get(..count)) {
            Some(taken) => {
                self.position += taken.len();
                Ok(taken)
            }
            None => Fault::damaged(format!(
                "its pickle ends early: {count} bytes wanted, {} left",
                rest.len()
            )),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    /// What a length of one byte announces.
    pub(super) fn short(&mut self) -> Result<&'p [u8], Fault> {
        let length = self.byte()?;
        self.take(length.into())
    }

    /// What a length of four bytes announces.
    pub(super) fn medium(&mut self) -> Result<&'p [u8], Fault> {
        let length = self.u32()?;
        self.take(length.into())
    }

    /// What a length of eight bytes announces.
    pub(super) fn long(&mut self) -> Result<&'p [u8], Fault> {
        let length = self.array().map(u64::from_le_bytes)?;
        self.take(length)
    }

    /// What comes before the next line feed.
    pub(super) fn line(&mut self) -> Result<&'p str, Fault> {
        let rest = &self.bytes[self.position..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Fault::damaged("its pickle ends within a name");
        };
        self.position += end + 1;
        text(&rest[..end])
    }
}

/// Bytes as a text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|_| Fault::Damaged("its pickle has a text that is not UTF-8".to_owned()))
}
