//! Which settings differ.

use serde_json::Value;

use crate::excerpt::excerpt;

/// Every field of an object that differs in another, with both values.
pub(crate) fn differences(before: &Value, now: &Value) -> Vec<String> {
    let fields = before.as_object().into_iter().flatten();
    let differing = fields.filter(|(name, value)| now.get(*name) != Some(value));
    let both = |(name, value): (&String, &Value)| {
        let now = now.get(name).map_or("nothing".to_owned(), Value::to_string);
        format!("{name} was {} and is {}", excerpt(&value.to_string()), excerpt(&now))
    };
    differing.map(both).collect()
}
