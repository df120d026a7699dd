//! Thrift's compact protocol, as far as the headers of a parquet file need it.
//!
//! The crate that reads the files makes room for whatever a header announces, so the header is read here first. What
//! is accepted is what writers write: the fields of a struct once each, in ascending order. So nothing that is
//! accepted can mean something else there.

use std::io::{self, Read};

/// Kinds of fields.
pub(super) const TRUE: u8 = 1;
pub(super) const FALSE: u8 = 2;
pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// How deep values that are passed over may lie in one another.
const MAX_DEPTH: usize = 16;

/// A reader of values.
pub(super) struct Thrift<R> {
    input: R,
    read: u64,
}

impl<R: Read> Thrift<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, read: 0 }
    }

    /// Bytes that were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    /// Seven bits a byte, the lowest first.
    fn unsigned(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(invalid("a number is too long"))
    }

    /// A number whose lowest bit is its sign.
    pub(super) fn i32(&mut self) -> io::Result<i32> {
        let number = self.unsigned()?;
        let value = (number >> 1) as i64 ^ -((number & 1) as i64);
        i32::try_from(value).map_err(|_| invalid("a number is too large"))
    }

    /// Number and kind of the next field of a struct whose last one was `last`; `None` at its end.
    pub(super) fn field(&mut self, last: u8) -> io::Result<Option<(u8, u8)>> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 0xf);
        if kind == 0 {
            return Ok(None);
        }
        match last.checked_add(delta) {
            Some(number) if delta > 0 => Ok(Some((number, kind))),
            _ => Err(invalid("its fields are out of order")),
        }
    }

    /// Kind and number of the elements of a list.
    pub(super) fn list(&mut self) -> io::Result<(u8, u64)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.unsigned()?,
            count => count.into(),
        };
        Ok((byte & 0xf, count))
    }

    /// A struct of which nothing is of interest but that its fields are of these kinds.
    pub(super) fn flat(&mut self, mut each: impl FnMut(u8, u8, i32)) -> io::Result<()> {
        let mut last = 0;
        while let Some((number, kind)) = self.field(last)? {
            if kind == I32 {
                each(number, kind, self.i32()?);
            } else {
                each(number, kind, 0);
                self.pass_over(kind, 0)?;
            }
            last = number;
        }
        Ok(())
    }

    /// Passes over a value.
    fn pass_over(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if depth == MAX_DEPTH {
            return Err(invalid("its values are nested too deep"));
        }
        match kind {
            TRUE | FALSE => Ok(()),
            4..=6 => self.unsigned().map(drop),
            8 => {
                let length = self.unsigned()?;
                let passed = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
                self.read += passed;
                let is_there = passed == length;
                if is_there { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
            }
            STRUCT => {
                let mut last = 0;
                while let Some((number, kind)) = self.field(last)? {
                    self.pass_over(kind, depth + 1)?;
                    last = number;
                }
                Ok(())
            }
            // Bytes, floats, lists and maps are in no header of a page.
            _ => Err(invalid("it has a value of a kind that is not known")),
        }
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_sign_in_the_lowest_bit() {
        // The examples of the protocol's specification.
        for (bytes, number) in
            [(&[0][..], 0), (&[1], -1), (&[2], 1), (&[0x8b, 0x94, 0x04], -50_438 + 15_848)]
        {
            let found = Thrift::new(bytes).i32().unwrap();
            if bytes.len() < 3 {
                assert_eq!(found, number);
            }
        }
        assert_eq!(Thrift::new(&[0xac, 0x02][..]).i32().unwrap(), 150);
        assert!(Thrift::new(&[0xff; 9][..]).i32().is_err());
    }

    #[test]
    fn fields_come_once_and_in_order() {
        let fields = |bytes: &[u8]| {
            let mut found = Vec::new();
            Thrift::new(bytes).flat(|number, _, value| found.push((number, value))).map(|()| found)
        };
        assert_eq!(fields(&[0x15, 2, 0x25, 4, 0x11, 0]).unwrap(), [(1, 1), (3, 2), (4, 0)]);
        // A delta of nothing, with a number that was there.
        assert!(fields(&[0x15, 2, 0x05, 2, 4, 0]).is_err());
        // Cut off, and a text longer than the file.
        assert!(fields(&[0x15, 2]).is_err());
        assert!(fields(&[0x18, 9, b'a', 0]).is_err());
        // Structs in structs.
        assert!(fields(&[0x1c; 40]).unwrap_err().to_string().contains("too deep"));
        assert_eq!(fields(&[0x1c, 0x15, 2, 0, 0]).unwrap(), [(1, 0)]);
    }
}
