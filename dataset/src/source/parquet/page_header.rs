//! The header of a page of a parquet file, refused before anything makes room for what it announces.

use std::io::Read;

use super::thrift::{I32, STRUCT, Thrift};

/// Most bytes of a page after it was unpacked: 512 MiB.
pub const MAX_PAGE_BYTES: u32 = 512 << 20;
/// Most rows of a page, and entries of a dictionary.
pub(super) const MAX_PAGE_ROWS: i32 = 1 << 22;

/// What is done about a page that is too large.
const SMALLER: &str = "write it with fewer images in a row group, as pyarrow.parquet.write_table does with \
                       row_group_size=100";
/// Encodings of values that are read, by number and name: what makes room for numbers in the values themselves is not
/// among them.
const ENCODINGS: [i32; 3] = [PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY];
const PLAIN: i32 = 0;
const PLAIN_DICTIONARY: i32 = 2;
const RLE_DICTIONARY: i32 = 8;
/// The one encoding of levels that writers use.
const RLE: i32 = 3;

/// What the header of a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// What is in the page.
    pub kind: PageKind,
    /// Bytes of the page after it was unpacked.
    pub unpacked: u32,
    /// Bytes of the page in the file, behind the header.
    pub packed: u32,
    /// Bytes of the header.
    pub header: u64,
}

/// What is in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    /// Values of so many rows.
    Values(u32),
    /// Values that others refer to.
    Dictionary,
    /// Nothing that is read.
    Index,
}

impl PageHeader {
    /// The header at the beginning of `input`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn read(input: impl Read) -> Result<Self, String> {
        let mut thrift = Thrift::new(input);
        let text = |error: std::io::Error| format!("the header of a page is damaged ({error})");
        let mut sizes = [None; 3];
        // Of the pages that there are: values, dictionary, values of the second version.
        let mut parts = [None; 3];
        let mut last = 0;
        while let Some((number, kind)) = thrift.field(last).map_err(text)? {
            match (number, kind) {
                (1..=3, I32) => {
                    sizes[usize::from(number) - 1] = Some(thrift.i32().map_err(text)?);
                }
                // A checksum.
                (4, I32) => drop(thrift.i32().map_err(text)?),
                (5..=8, STRUCT) => {
                    // How many numbers such a header begins with.
                    let numbers = match number {
                        5 => 4,
                        7 => 2,
                        8 => 6,
                        _ => 0,
                    };
                    let (mut fields, mut is_odd) = ([None; 6], false);
                    thrift
                        .flat(|field, kind, value| match (field, kind) {
                            (1..=6, I32) if field <= numbers => {
                                fields[usize::from(field) - 1] = Some(value);
                            }
                            _ => is_odd |= field <= numbers || number == 6,
                        })
                        .map_err(text)?;
                    if is_odd {
                        return Err("the header of a page is damaged".to_owned());
                    }
                    match number {
                        5 => parts[0] = Some(fields),
                        7 => parts[1] = Some(fields),
                        8 => parts[2] = Some(fields),
                        _ => {}
                    }
                }
                _ => return Err("the header of a page is of a kind that is not known".to_owned()),
            }
            last = number;
        }
        let header = thrift.bytes_read();
        let [Some(kind), Some(unpacked), Some(packed)] = sizes else {
            return Err("the header of a page lacks a size".to_owned());
        };
        let [unpacked, packed] = [size(unpacked)?, size(packed)?];
        let kind = match (kind, parts) {
            (0, [Some([Some(rows), Some(encoding), Some(levels), ..]), _, _]) => {
                if levels != RLE {
                    return Err("its levels are of an encoding that is not read".to_owned());
                }
                PageKind::Values(checked(rows, encoding)?)
            }
            (1, _) => PageKind::Index,
            (2, [_, Some([Some(entries), Some(encoding), ..]), _]) => {
                checked(entries, encoding)?;
                PageKind::Dictionary
            }
            (3, [_, _, Some([Some(values), Some(_), Some(rows), Some(encoding), ..])]) => {
                if values != rows {
                    return Err("a page has other numbers of values than of rows".to_owned());
                }
                PageKind::Values(checked(rows, encoding)?)
            }
            _ => return Err("the header of a page does not say what is in it".to_owned()),
        };
        Ok(Self { kind, unpacked, packed, header })
    }
}

fn size(bytes: i32) -> Result<u32, String> {
    match u32::try_from(bytes) {
        Ok(bytes) if bytes <= MAX_PAGE_BYTES => Ok(bytes),
        Ok(bytes) => {
            let limit = MAX_PAGE_BYTES >> 20;
            Err(format!(
                "a page has {} MiB, more than the limit of {limit}; {SMALLER}",
                bytes >> 20
            ))
        }
        Err(_) => Err("the header of a page is damaged".to_owned()),
    }
}

fn checked(rows: i32, encoding: i32) -> Result<u32, String> {
    if !ENCODINGS.contains(&encoding) {
        let name = match encoding {
            5 => "DELTA_BINARY_PACKED",
            6 => "DELTA_LENGTH_BYTE_ARRAY",
            7 => "DELTA_BYTE_ARRAY",
            9 => "BYTE_STREAM_SPLIT",
            _ => "unknown",
        };
        return Err(format!(
            "its values are encoded as {name}; PLAIN and dictionaries are read: write it again, as \
             pyarrow.parquet.write_table does"
        ));
    }
    match u32::try_from(rows) {
        Ok(count) if rows <= MAX_PAGE_ROWS => Ok(count),
        _ => Err(format!("a page has {rows} rows, more than the limit of {MAX_PAGE_ROWS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As writers write it: kind, sizes, and the header of values.
    fn header(kind: u8, unpacked: &[u8], rows: &[u8], encoding: u8) -> Vec<u8> {
        let place = if kind == 4 { 0x4c } else { 0x2c };
        [&[0x15, kind, 0x15], unpacked, &[0x15, 200, 1, place, 0x15], rows, &[0x15, encoding]]
            .concat()
            .into_iter()
            .chain([0x15, 6, 0x15, 6, 0, 0])
            .collect()
    }

    #[test]
    fn sizes_rows_and_what_is_in_it_are_read() {
        let page = PageHeader::read(&header(0, &[144, 3], &[20], 0)[..]).unwrap();
        let expected = PageKind::Values(10);
        assert_eq!((page.kind, page.unpacked, page.packed), (expected, 200, 100));
        assert_eq!(page.header, header(0, &[144, 3], &[20], 0).len() as u64);
        let page = PageHeader::read(&header(4, &[144, 3], &[20], 4)[..]).unwrap();
        assert_eq!(page.kind, PageKind::Dictionary);
    }

    #[test]
    fn what_takes_too_much_memory_is_refused() {
        // 2^31 - 1 in four and five bytes.
        let most = [0xfe, 0xff, 0xff, 0xff, 0x0f];
        for (bytes, message) in [
            (header(0, &most, &[20], 0), "a page has 2047 MiB, more than the limit of 512"),
            (header(0, &[20], &most, 0), "a page has 2147483647 rows, more than the limit"),
            (header(4, &[20], &most, 4), "a page has 2147483647 rows, more than the limit"),
            (header(0, &[20], &[20], 12), "encoded as DELTA_LENGTH_BYTE_ARRAY"),
            (header(0, &[1], &[20], 0), "damaged"),
        ] {
            let error = PageHeader::read(&bytes[..]).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        // The size a second time, under its number in full.
        let mut twice = header(0, &[20], &[20], 0);
        twice.truncate(twice.len() - 1);
        twice.extend([&[0x05, 4][..], &most, &[0]].concat());
        assert!(PageHeader::read(&twice[..]).unwrap_err().contains("out of order"));
    }
}
