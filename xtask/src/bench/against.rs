//! The records of another run.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::record::Record;

/// Reads records, one JSON object a line.
///
/// # Errors
/// If the file cannot be read, or a line is no record.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--against {}: cannot read it", path.display()))?;
    let mut records = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str(line)
            .with_context(|| format!("--against {}: line {}", path.display(), number + 1))?;
        records.push(record);
    }
    if records.is_empty() {
        bail!("--against {}: it has no records", path.display());
    }
    Ok(records)
}

/// The record of the same job on as large a case.
pub fn same_case<'a>(record: &Record, others: &'a [Record]) -> Option<&'a Record> {
    const SIZES: [&str; 8] = ["tokens", "batch", "depth", "examples", "images", "m", "k", "n"];
    others.iter().find(|other| {
        let same = |name: &&str| match (record.number(name), other.number(name)) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        other.job == record.job && SIZES.iter().all(same)
    })
}
