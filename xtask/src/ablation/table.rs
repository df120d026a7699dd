//! The table of choices in QUALITY.md.

use std::fmt::Write;

use super::choice::{BASE, choices};
use super::run::{FOLDER, Measured, Runs};

const HEAD: &str = "
## Choices beyond the paper

The recipe [`ablation`](assets/recipes/ablation.toml), the demo in small, with each choice by itself: as many steps, images
and weights, SEEDS seeds of weights and batches each. 500 images are drawn and compared with the shipped 3,568. A number
after ± is the standard error of the mean over the seeds. The difference to the recipe as it is, is taken seed by seed, and
given in its own standard errors: of so few seeds, less than four say nothing. So small a model after so few steps draws
badly; what helps here may not help a large one that is trained for long. A rate that falls, above all, costs a run that
is short of steps.

| choice | FD-EffLite0 | KID-EffLite0 | validation loss | FD less the recipe's | in standard errors |
| --- | ---: | ---: | ---: | ---: | ---: |
";

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mean {
    value: f64,
    error: f64,
}

/// Mean of some numbers, with the standard error `sd / sqrt(n)`; `None` of fewer than two.
fn mean(values: &[f64]) -> Option<Mean> {
    let count = values.len() as f64;
    (values.len() >= 2).then(|| {
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
        Mean { value, error: (squares / (count - 1.0) / count).sqrt() }
    })
}

/// The part of the page; empty as long as nothing is recorded.
pub fn section(runs: &Runs) -> String {
    let all = runs.measured();
    let of = |name: &str| all.iter().filter(|m| m.choice == name).cloned().collect::<Vec<_>>();
    let base = of(BASE);
    if mean(&fds(&base)).is_none() {
        return String::new();
    }
    let mut text = HEAD.replace("SEEDS", &base.len().to_string());
    for choice in choices() {
        let measured = of(choice.name);
        if let Some(cells) = cells(&measured, &base) {
            let _ = writeln!(text, "| {} | {cells} |", choice.what);
        }
    }
    let settings = choices().into_iter().filter(|choice| choice.sigma_rel.is_none());
    let settings: Vec<String> =
        settings.map(|choice| format!("`{}`", choice.settings.join("`, `"))).collect();
    let _ = write!(
        text,
        "\nMade by `cargo xtask ablation`, which sets, in this order, {}; the averages are made by `train ema`. \
         [The records]({FOLDER}/runs.json).\n",
        settings.join("; ")
    );
    text
}

fn fds(measured: &[Measured]) -> Vec<f64> {
    measured.iter().map(|measured| measured.fd).collect()
}

/// The cells of a choice, with the difference to the runs of the recipe as it is that have the same seed.
fn cells(measured: &[Measured], base: &[Measured]) -> Option<String> {
    let fd = mean(&fds(measured))?;
    let kid = mean(&measured.iter().map(|measured| measured.kid).collect::<Vec<_>>())?;
    let losses: Vec<f64> =
        measured.iter().filter_map(|measured| measured.validation_loss).collect();
    let loss = mean(&losses);
    let differences: Vec<f64> = measured
        .iter()
        .filter_map(|own| Some(own.fd - base.iter().find(|base| base.seed == own.seed)?.fd))
        .collect();
    let difference = mean(&differences).filter(|difference| difference.error > 0.0);
    let shown = |mean: Option<Mean>, digits: usize| {
        mean.map_or("-".to_owned(), |Mean { value, error }| {
            format!("{value:.digits$} ± {error:.digits$}")
        })
    };
    let errors =
        difference.map_or("-".to_owned(), |Mean { value, error }| format!("{:+.1}", value / error));
    let cells =
        [shown(Some(fd), 1), shown(Some(kid), 4), shown(loss, 4), shown(difference, 1), errors];
    Some(cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(choice: &str, seed: u64, fd: f64) -> Measured {
        Measured {
            choice: choice.to_owned(),
            settings: Vec::new(),
            seed,
            fd,
            kid: 0.1,
            validation_loss: (choice == BASE).then_some(0.25),
            seconds: None,
        }
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let base =
            [10.0, 20.0, 30.0].into_iter().zip(0..).map(|(fd, seed)| measured(BASE, seed, fd));
        let base: Vec<Measured> = base.collect();
        // All are lower by 4, 5 and 6: far more alike than the seeds are.
        let other = [24.0, 6.0, 15.0].into_iter().zip([2, 0, 1]);
        let other: Vec<Measured> = other.map(|(fd, seed)| measured("x", seed, fd)).collect();
        let cells = |measured: &[Measured]| cells(measured, &base).unwrap();
        assert_eq!(cells(&other), "15.0 ± 5.2 | 0.1000 ± 0.0000 | - | -5.0 ± 0.6 | -8.7");
        assert_eq!(cells(&base), "20.0 ± 5.8 | 0.1000 ± 0.0000 | 0.2500 ± 0.0000 | - | -");
        assert!(super::cells(&other[..1], &base).is_none(), "one run has no error");
    }
}
