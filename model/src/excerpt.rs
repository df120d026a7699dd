//! The beginning of what is long: no message is a page.

use std::borrow::Cow;

/// Letters of a value in a message, at most.
const VALUE_LETTERS: usize = 80;

/// Letters of a reason in a message, at most.
const REASON_LETTERS: usize = 1000;

/// Names of a list in a message, at most.
const NAMES: usize = 20;

/// A value as a message has it: its beginning, and how many letters follow.
pub fn excerpt(value: &str) -> Cow<'_, str> {
    match value.char_indices().nth(VALUE_LETTERS) {
        None => value.into(),
        Some((end, _)) => {
            let more = value[end..].chars().count();
            format!("{}... ({more} more letters)", &value[..end]).into()
        }
    }
}

/// A reason with parts that may be long: its beginning, how many letters follow, and its end, which has
/// the place and what helps.
pub fn reason_excerpt(reason: &str) -> Cow<'_, str> {
    let (half, letters) = (REASON_LETTERS / 2, reason.chars().count());
    if letters <= 2 * half {
        return reason.into();
    }
    let at = |letter: usize| reason.char_indices().nth(letter).map_or(reason.len(), |(at, _)| at);
    let (start, end) = (&reason[..at(half)], &reason[at(letters - half)..]);
    format!("{start}... ({} more letters) ...{end}", letters - 2 * half).into()
}

/// The first names of a list, and how many follow.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| excerpt(name.as_ref())).collect();
    match names.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_and_counted() {
        assert_eq!(excerpt("short"), "short");
        let long = excerpt(&"猫".repeat(100)).into_owned();
        assert!(long.ends_with("猫... (20 more letters)"), "{long}");
        let names: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        assert!(listed(&names).ends_with("18, 19 and 5 more"), "{}", listed(&names));
        assert_eq!(listed(&names[..2]), "0, 1");
        let reason = reason_excerpt(&format!("key {} at line 3", "猫".repeat(5000))).into_owned();
        assert!(reason.contains("猫... (4014 more letters) ...猫"), "{reason}");
        assert!(reason.starts_with("key 猫") && reason.ends_with("猫 at line 3"), "{reason}");
    }
}
