//! What ranks agree on between two steps.

use burn::module::Module;
use burn::tensor::backend::Backend;
use pixelflow_ranks::Job;
use serde::{Deserialize, Serialize};

use crate::parameters::flat_parameters;
use crate::{Error, Result};

/// What a rank tells the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    /// It was asked to save.
    pub save: bool,
    /// It needs the whole state, of which each rank may have a part: the first rank, to save or to draw.
    pub needs_whole: bool,
    /// Hash of its weights, if they are compared now.
    pub weights: Option<u32>,
    /// Records that it could not use, since it has told this last.
    pub skipped: Vec<usize>,
}

/// What all do, and know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// Save: some rank was asked to.
    pub save: bool,
    /// Bring the state to the first rank.
    pub needs_whole: bool,
    /// Records that some rank could not use.
    pub skipped: Vec<usize>,
}

/// Whether some rank has this to say yes to.
///
/// # Errors
/// [`Error::Ranks`].
pub fn any_rank(job: &mut Job, own: bool) -> Result<bool> {
    Ok(job.gather(vec![own.into()])?.concat().contains(&1))
}

/// Tells all ranks what this one has been asked for, after `step` steps; all do the same.
///
/// # Errors
/// [`Error::Ranks`], and [`Error::RanksDiffer`] if they have not the same weights.
pub fn agree(job: &mut Job, own: &Signs, step: u64) -> Result<Agreed> {
    let message = serde_json::to_vec(own).expect("plain values");
    let mut all = Vec::new();
    for (rank, message) in job.gather(message)?.into_iter().enumerate() {
        let signs: Signs = serde_json::from_slice(&message)
            .map_err(|error| Error::OtherProgram { rank, reason: error.to_string() })?;
        all.push(signs);
    }
    // All compare, so that all end.
    let differs = |signs: &Signs| signs.weights != all[0].weights;
    let others: Vec<String> = all
        .iter()
        .enumerate()
        .filter(|(_, signs)| differs(signs))
        .map(|(rank, _)| rank.to_string())
        .collect();
    if !others.is_empty() {
        return Err(Error::RanksDiffer { step, ranks: others.join(", ") });
    }
    let any = |sign: fn(&Signs) -> bool| all.iter().any(sign);
    Ok(Agreed {
        save: any(|signs| signs.save),
        needs_whole: any(|signs| signs.needs_whole),
        skipped: all.into_iter().flat_map(|signs| signs.skipped).collect(),
    })
}

/// The records of a batch that all ranks have shares of: place in it, and number.
///
/// # Errors
/// [`Error::Ranks`] and [`Error::OtherProgram`].
pub fn gather_records(job: &mut Job, own: &[(usize, usize)]) -> Result<Vec<(usize, usize)>> {
    let message = serde_json::to_vec(own).expect("plain values");
    let mut all = Vec::new();
    for (rank, message) in job.gather(message)?.into_iter().enumerate() {
        let records: Vec<(usize, usize)> = serde_json::from_slice(&message)
            .map_err(|error| Error::OtherProgram { rank, reason: error.to_string() })?;
        all.extend(records);
    }
    Ok(all)
}

/// A hash of all weights of a module.
pub fn weights_hash<B: Backend>(module: &impl Module<B>) -> u32 {
    let parameters = flat_parameters(module).into_values();
    parameters.fold(0, |hash, parameter| {
        crc32c::crc32c_append(hash, parameter.values.into_data().as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use pixelflow_ranks::jobs_of_threads;

    use super::*;

    /// What ranks with these signs agree on.
    fn agreed(signs: [Signs; 2]) -> Vec<Result<Agreed>> {
        std::thread::scope(|scope| {
            let start = |(mut job, own): (Job, Signs)| {
                scope.spawn(move || {
                    let agreed = agree(&mut job, &own, 7);
                    job.leave();
                    agreed
                })
            };
            let ranks: Vec<_> = jobs_of_threads(2).into_iter().zip(signs).map(start).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }

    #[test]
    fn all_do_what_one_is_asked_for() {
        let asked = Signs { save: true, weights: Some(3), skipped: vec![5], ..Signs::default() };
        let other = Signs { weights: Some(3), skipped: vec![2, 9], ..Signs::default() };
        for agreed in agreed([asked, other]) {
            let skipped = vec![5, 2, 9];
            assert_eq!(agreed.unwrap(), Agreed { save: true, needs_whole: false, skipped });
        }
    }

    #[test]
    fn other_weights_are_an_error_on_all() {
        let signs = [1, 2].map(|hash| Signs { weights: Some(hash), ..Signs::default() });
        for agreed in agreed(signs) {
            let text = agreed.unwrap_err().to_string();
            assert!(text.contains("after step 7") && text.contains("rank 1"), "{text}");
        }
    }
}
