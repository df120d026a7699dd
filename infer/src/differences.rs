//! Which settings differ.

use serde_json::Value;

use pixelflow::excerpt::excerpt;

/// Every setting of an object that differs in another, by its path, with both values.
pub(crate) fn differences(before: &Value, now: &Value) -> Vec<String> {
    let mut found = Vec::new();
    add_differences("", before, now, &mut found);
    found
}

fn add_differences(path: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    match (before, now) {
        (before, now) if before == now => {}
        (Value::Object(old), Value::Object(new)) => {
            let fields = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                add_differences(&path, &before[name], &now[name], found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (place, (before, now)) in old.iter().zip(new).enumerate() {
                add_differences(&format!("{path}[{place}]"), before, now, found);
            }
        }
        _ => {
            let [before, now] = [before, now].map(|value| match value {
                Value::Null => "nothing".to_owned(),
                value => excerpt(&value.to_string()).into_owned(),
            });
            found.push(format!("{path} was {before} and is {now}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let before = serde_json::json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": null});
        let now = serde_json::json!({"a": 1, "b": {"c": [1, 3], "d": "x"}, "f": "y"});
        let found = differences(&before, &now);
        assert_eq!(found, ["b.c[1] was 2 and is 3", "f was nothing and is \"y\""]);
    }
}
