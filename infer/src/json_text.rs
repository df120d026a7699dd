//! JSON as text that no terminal takes for commands.

use serde::Serialize;

/// JSON in lines: none but ASCII, other letters by number.
///
/// # Panics
/// If something has no form in JSON.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(value).expect("it has a form in JSON");
    let mut units = [0; 2];
    json.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii() && letter != '\x7f' {
            text.push(letter);
        } else {
            let units = letter.encode_utf16(&mut units);
            text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn json_is_ascii_and_means_the_same() {
        let json = serde_json::json!({ "ü\u{202e}": ["🐉\x7f\n", 0.1] });
        let text = json_text(&json);
        assert!(text.is_ascii() && text.contains(r"\u202e") && text.contains(r"\ud83d\udc09"));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json);
    }
}
