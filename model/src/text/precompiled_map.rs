//! The map of letters to others that T5's normaliser brings along, as sentencepiece compiles it: the
//! length of a trie, the trie, and the texts that it leads to, each ended by a zero.

/// Longest map, in letters of base 64; T5's has some 320,000.
const MAX_LENGTH: usize = 4 << 20;
/// Longest text that a letter becomes, in bytes; the longest of Unicode's has 33.
const MAX_TEXT: usize = 64;

/// Checks that a map, in base 64, cannot ask for more than it has.
///
/// # Errors
/// What contradicts itself.
pub(super) fn check(text: &str) -> Result<(), String> {
    let refused = |reason: &str| Err(format!("normalizer.precompiled_charsmap {reason}"));
    if text.len() > MAX_LENGTH {
        return refused(&format!("has {} letters, it must be at most {MAX_LENGTH}", text.len()));
    }
    let Some(bytes) = decode(text) else {
        return refused("is not in base 64");
    };
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return refused("is cut short");
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length == 0 || !length.is_multiple_of(4) || length > rest.len() {
        return refused(&format!("claims a trie of {length} bytes, it has {}", rest.len()));
    }
    let (trie, texts) = rest.split_at(length);
    let Ok(texts) = std::str::from_utf8(texts) else {
        return refused("has texts that are not UTF-8");
    };
    if texts.split('\0').any(|text| text.len() > MAX_TEXT) {
        return refused(&format!("makes texts of more than {MAX_TEXT} bytes of letters"));
    }
    let units: Vec<u32> = trie.as_chunks().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
    match misleading(&units, texts) {
        Some(unit) => refused(&format!("has a trie that unit {unit} leads out of")),
        None => Ok(()),
    }
}

/// The first unit found from which a byte leads out of the trie, or a text begins outside of all.
///
/// A double array (Aoe 1989) in the bits of `Darts`: from a node, byte `c` leads to the unit at `node ^ c`
/// if that has the label `c`, and on by its offset.
fn misleading(units: &[u32], texts: &str) -> Option<usize> {
    let next = |node: usize, unit: u32| node ^ ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize;
    let mut open = vec![next(0, units[0])];
    let mut seen = vec![false; units.len()];
    while let Some(node) = open.pop() {
        if node | 0xff >= units.len() {
            return Some(node);
        }
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        for byte in 1..=0xff {
            let (at, unit) = (node ^ byte, units[node ^ byte]);
            if unit & (1 << 31 | 0xff) != byte as u32 {
                continue;
            }
            let child = next(at, unit);
            let text = units.get(child).map(|leaf| (leaf & !(1 << 31)) as usize);
            if unit >> 8 & 1 == 1 && text.is_none_or(|text| !texts.is_char_boundary(text)) {
                return Some(at);
            }
            open.push(child);
        }
    }
    None
}

/// Bytes from base 64 with padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_read() {
        // RFC 4648, section 10.
        assert_eq!(decode("Zm9vYmE=").unwrap(), b"fooba");
        assert_eq!(decode("Zm9vYmFy").unwrap(), b"foobar");
        assert_eq!(decode("Zm9v*"), None);
    }

    #[test]
    fn maps_that_claim_more_than_they_have_are_refused() {
        // A trie of 4 GB; none; one of a single unit.
        for (text, expected) in [
            ("/////wAAAAA=", "claims a trie of 4294967295"),
            ("AAAAAAAA", "claims a trie of 0"),
            ("BAAAAAAAAAA=", "a trie that unit 0 leads out of"),
            ("AA", "cut short"),
            ("?", "not in base 64"),
        ] {
            let message = check(text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
