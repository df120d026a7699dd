//! Values of tables by their dotted keys, such as `train.lr`.

use toml::{Table, Value};

/// Every value of a table that is not a table itself, by its dotted key; empty tables too.
pub(super) fn leaves(table: &Table) -> Vec<(String, &Value)> {
    fn walk<'a>(prefix: &str, table: &'a Table, found: &mut Vec<(String, &'a Value)>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Table(inner) if !inner.is_empty() => walk(&key, inner, found),
                leaf => found.push((key, leaf)),
            }
        }
    }
    let mut found = Vec::new();
    walk("", table, &mut found);
    found
}

/// The value at a dotted key.
pub(super) fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let holder = sections
        .split('.')
        .filter(|section| !section.is_empty())
        .try_fold(table, |table, section| table.get(section)?.as_table())?;
    holder.get(name)
}
