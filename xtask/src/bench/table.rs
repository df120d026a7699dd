//! Records for a person to read.

use pixelflow_host::Result;
use pixelflow_host::output::say;

use super::against;
use super::record::Record;

/// The names of the columns.
pub fn header(compares: bool) -> Result<()> {
    let last = if compares { "  other/this" } else { "" };
    say(format_args!(
        "{:<20} {:<28} {:>10} {:>17} {:>9} {:>7} {:>9}{last}",
        "job", "case", "median", "min … max", "GFLOP/s", "of gemm", "memory"
    ))
}

/// One record, its share of the rate of the `gemms`, and how many times as long another run took.
pub fn line(record: &Record, gemms: &[Record], others: &[Record]) -> Result<()> {
    say(text(record, gemms, others))
}

/// The rate of the block's matrix products for as many rows, or else for the most rows.
fn gemm_rate(record: &Record, gemms: &[Record]) -> Option<f64> {
    let all = || gemms.iter().filter(|gemm| gemm.job == "gemm.all");
    let same = all().find(|gemm| gemm.rows() == record.rows());
    let gemm = same.or_else(|| all().max_by_key(|gemm| gemm.rows()))?;
    Some(gemm.gflops_per_s)
}

fn text(record: &Record, gemms: &[Record], others: &[Record]) -> String {
    let case: Vec<String> =
        ["tokens", "batch", "depth", "m", "k", "n", "examples", "images", "megabytes"]
            .iter()
            .filter_map(|name| Some(format!("{name} {}", record.number(name)?)))
            .collect();
    let least = record.seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = record.seconds.iter().copied().fold(0.0, f64::max);
    let range = format!("{} … {}", seconds(least), seconds(most));
    let peak =
        record.peak_bytes.map_or(String::new(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6));
    let ratio = against::same_case(record, others)
        .map_or(String::new(), |other| format!("  {:.2}x", other.median / record.median));
    let (mut rate, mut share) = (String::new(), String::new());
    if record.gflop > 0.0 {
        rate = format!("{:.1}", record.gflops_per_s);
        let of_gemm = gemm_rate(record, gemms).map(|gemm| 100.0 * record.gflops_per_s / gemm);
        share = of_gemm.map_or(String::new(), |percent| format!("{percent:.0}%"));
    }
    format!(
        "{:<20} {:<28} {:>10} {range:>17} {rate:>9} {share:>7} {peak:>9}{ratio}",
        record.job,
        case.join(", "),
        seconds(record.median),
    )
}

/// With a unit that fits.
fn seconds(seconds: f64) -> String {
    if seconds >= 1.0 { format!("{seconds:.2} s") } else { format!("{:.1} ms", 1e3 * seconds) }
}

#[cfg(test)]
mod tests {
    use pixelflow::NumberFormat;

    use super::*;
    use crate::bench::measure::Settings;

    #[test]
    fn a_line_says_how_much_longer_the_other_took() {
        let dtype = NumberFormat::F32;
        let settings =
            Settings { repeat: 3, dtype, device: "cpu".to_owned(), batch: None, depth: 2 };
        let new =
            |seconds| Record::new(&settings, "train", &[("tokens", 8)], seconds, 4_000_000_000);
        let (record, other) = (new(vec![1.0, 2.0, 4.0]), new(vec![3.0]));
        let gemms = [new(vec![0.5])].map(|gemm| Record { job: "gemm.all".to_owned(), ..gemm });
        let line = text(&record, &gemms, &[other]);
        for part in ["train", "tokens 8", "2.00 s", "1.00 s … 4.00 s", " 2.0 ", " 25% ", "1.50x"]
        {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}
