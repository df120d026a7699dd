//! `infer evaluate compare`: which differences of two results are more than chance.

use super::json_output::JsonOutput;
use crate::Result;
use crate::arguments::EvaluateCompareArguments;
use crate::measurement::difference_table::DifferenceTable;
use crate::measurement::result_file::ResultFile;

/// Compares; gives what is printed.
///
/// # Errors
/// Those of [`ResultFile::read`] and [`ResultFile::must_be_like`]; [`crate::Error::Write`].
pub(super) fn evaluate_compare(arguments: &EvaluateCompareArguments) -> Result<String> {
    let EvaluateCompareArguments { first, second, json } = arguments;
    let json = JsonOutput::prepare(json.as_deref(), &[first, second])?;
    let [first, second] = [ResultFile::read("A", first)?, ResultFile::read("B", second)?];
    second.must_be_like(&first)?;
    let differences = DifferenceTable::of([&first, &second]);
    json.write_value(&differences.json(), differences.table())
}
