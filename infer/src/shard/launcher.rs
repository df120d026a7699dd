//! The shard that a cluster's launcher names in the environment: a task of Slurm's arrays, one of Slurm's
//! tasks, a rank of Open MPI.

use super::Shard;
use crate::{Error, Result};

/// Names and value of a variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A part, counted from 0, and the variables that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    part: u64,
    parts: u64,
    said: String,
}

/// The shard of this process, and the variables that decided. Each task of an array is divided among its tasks.
///
/// # Errors
/// [`Error::Variable`] for what is no number; [`Error::Argument`] for variables that are missing, impossible or at
/// odds with each other.
pub(super) fn shard(variable: Variable<'_>) -> Result<(Shard, String)> {
    let places: Vec<Place> = [array(variable)?, task(variable)?].into_iter().flatten().collect();
    let inner = |(part, parts): (u64, u64), place: &Place| {
        (part * place.parts + place.part, parts * place.parts)
    };
    let (part, parts) = places.iter().fold((0, 1), inner);
    let said: Vec<&str> = places.iter().map(|place| place.said.as_str()).collect();
    let said = said.join(", ");
    if places.is_empty() {
        return refused(
            "neither SLURM_ARRAY_TASK_ID, SLURM_PROCID nor OMPI_COMM_WORLD_RANK is set; start it with sbatch \
             --array, srun or mpirun, or write I/N",
        );
    }
    match (usize::try_from(part), usize::try_from(parts)) {
        (Ok(part), Ok(parts)) => {
            Ok((Shard::new(part + 1, parts).expect("every part is below its parts"), said))
        }
        _ => refused(format!("{said} are absurdly many; write I/N")),
    }
}

fn refused<T>(reason: impl Into<String>) -> Result<T> {
    let (argument, value) = ("--shard", "auto".to_owned());
    Err(Error::Argument { argument, value, reason: reason.into() })
}

/// A number below 2^32, so that products of two fit; an empty variable is none.
fn number(variable: Variable<'_>, name: &'static str) -> Result<Option<u64>> {
    let value = variable(name).filter(|value| !value.is_empty());
    let read = |value: String| match value.parse::<u32>() {
        Ok(number) => Ok(number.into()),
        Err(_) => Err(Error::Variable { variable: name, value, expected: "a whole number" }),
    };
    value.map(read).transpose()
}

/// The task of an array: the first, second, … of ids at even distances.
fn array(variable: Variable<'_>) -> Result<Option<Place>> {
    let Some(id) = number(variable, "SLURM_ARRAY_TASK_ID")? else {
        return Ok(None);
    };
    let number = |name| number(variable, name);
    let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1);
    let bounds = (number("SLURM_ARRAY_TASK_MIN")?, number("SLURM_ARRAY_TASK_COUNT")?);
    let (Some(first), Some(parts)) = bounds else {
        return refused(format!(
            "SLURM_ARRAY_TASK_ID={id} stands without SLURM_ARRAY_TASK_MIN and SLURM_ARRAY_TASK_COUNT; write I/N"
        ));
    };
    let said = format!(
        "SLURM_ARRAY_TASK_ID={id}, SLURM_ARRAY_TASK_MIN={first}, SLURM_ARRAY_TASK_COUNT={parts}"
    );
    let place = id.checked_sub(first).filter(|above| step > 0 && above % step == 0);
    match place.map(|above| above / step).filter(|&part| part < parts) {
        Some(part) => Ok(Some(Place { part, parts, said })),
        None => refused(format!(
            "{said}, SLURM_ARRAY_TASK_STEP={step} are no ids at even distances; take an array such as \
             --array=1-8, or write I/N"
        )),
    }
}

/// The process among those that were started together, as Open MPI says it, else Slurm.
fn task(variable: Variable<'_>) -> Result<Option<Place>> {
    let ranks = ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"];
    let [rank, size] = [number(variable, ranks[0])?, number(variable, ranks[1])?];
    let ranks = place(ranks, [rank, size])?;
    let tasks = ["SLURM_PROCID", "SLURM_NTASKS"];
    let [part, parts] = [number(variable, tasks[0])?, number(variable, tasks[1])?];
    // A job that says nothing of tasks has one.
    let parts = parts.or((part == Some(0)).then_some(1));
    match ranks {
        None => place(tasks, [part, parts]),
        // Ranks inherit what Slurm says of the script that started them.
        ranks => Ok(ranks),
    }
}

/// What a pair of variables says, if anything.
fn place([part, parts]: [&str; 2], found: [Option<u64>; 2]) -> Result<Option<Place>> {
    match found {
        [None, None | Some(1)] => Ok(None),
        [Some(own), Some(all)] if own < all => {
            let said = format!("{part}={own}, {parts}={all}");
            Ok(Some(Place { part: own, parts: all, said }))
        }
        [Some(own), Some(all)] => {
            refused(format!("{part}={own} is not below {parts}={all}; write I/N"))
        }
        [None, Some(all)] => refused(format!(
            "{parts}={all} stands without {part}; start the program with srun, or write I/N"
        )),
        [Some(own), None] => refused(format!("{part}={own} stands without {parts}; write I/N")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "SLURM_ARRAY_TASK_ID";
    const MIN: &str = "SLURM_ARRAY_TASK_MIN";
    const COUNT: &str = "SLURM_ARRAY_TASK_COUNT";
    const STEP: &str = "SLURM_ARRAY_TASK_STEP";
    const PROCID: &str = "SLURM_PROCID";
    const NTASKS: &str = "SLURM_NTASKS";
    const RANK: &str = "OMPI_COMM_WORLD_RANK";
    const SIZE: &str = "OMPI_COMM_WORLD_SIZE";

    /// Names and values.
    type Variables = [(&'static str, &'static str)];

    fn found(variables: &Variables) -> Result<(Shard, String)> {
        let value = |name: &str| variables.iter().find(|(other, _)| *other == name);
        shard(&|name| value(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn launchers_name_the_shard_and_the_variables_that_decided_are_said() {
        let cases: &[(&Variables, &str, &str)] = &[
            (&[(PROCID, "2"), (NTASKS, "8")], "3/8", "SLURM_PROCID=2, SLURM_NTASKS=8"),
            (&[(PROCID, "0")], "1/1", "SLURM_PROCID=0, SLURM_NTASKS=1"),
            (&[(RANK, "3"), (SIZE, "4"), (PROCID, "")], "4/4", "OMPI_COMM_WORLD_RANK=3"),
            (&[(ID, "7"), (MIN, "5"), (COUNT, "4")], "3/4", "SLURM_ARRAY_TASK_ID=7, SLURM"),
            (&[(ID, "9"), (MIN, "1"), (COUNT, "3"), (STEP, "4")], "3/3", "COUNT=3"),
            // Tasks within an array's task.
            (
                &[(ID, "0"), (MIN, "0"), (COUNT, "2"), (PROCID, "2"), (NTASKS, "3")],
                "3/6",
                "SLURM_ARRAY_TASK_COUNT=2, SLURM_PROCID=2, SLURM_NTASKS=3",
            ),
            // mpirun within one task, within an allocation, and within a batch script of several tasks.
            (&[(PROCID, "0"), (NTASKS, "1"), (RANK, "1"), (SIZE, "2")], "2/2", "OMPI"),
            (&[(NTASKS, "2"), (RANK, "1"), (SIZE, "2")], "2/2", "OMPI"),
            (&[(PROCID, "0"), (NTASKS, "4"), (RANK, "1"), (SIZE, "2")], "2/2", "OMPI"),
        ];
        for (variables, expected, part) in cases {
            let (shard, said) = found(variables).unwrap();
            assert_eq!(shard.to_string(), *expected, "{variables:?}");
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn what_is_missing_or_impossible_is_named() {
        let cases: &[(&Variables, &str)] = &[
            (&[], "neither SLURM_ARRAY_TASK_ID, SLURM_PROCID nor OMPI_COMM_WORLD_RANK is set"),
            (&[(NTASKS, "1")], "neither "),
            (&[(PROCID, "x"), (NTASKS, "8")], "SLURM_PROCID is `x`, it must be a whole number"),
            (&[(PROCID, "8"), (NTASKS, "8")], "SLURM_PROCID=8 is not below SLURM_NTASKS=8"),
            (&[(PROCID, "2")], "SLURM_PROCID=2 stands without SLURM_NTASKS"),
            (
                &[(NTASKS, "8")],
                "SLURM_NTASKS=8 stands without SLURM_PROCID; start the program with",
            ),
            (&[(RANK, "0")], "OMPI_COMM_WORLD_RANK=0 stands without OMPI_COMM_WORLD_SIZE"),
            (&[(ID, "1")], "SLURM_ARRAY_TASK_ID=1 stands without SLURM_ARRAY_TASK_MIN and"),
            (&[(ID, "0"), (MIN, "1"), (COUNT, "2")], "are no ids at even distances"),
            (
                &[(ID, "9"), (MIN, "1"), (COUNT, "3")],
                "SLURM_ARRAY_TASK_ID=9, SLURM_ARRAY_TASK_MIN=1",
            ),
            (&[(ID, "9"), (MIN, "1"), (COUNT, "9"), (STEP, "0")], "STEP=0 are no ids"),
        ];
        for (variables, expected) in cases {
            let message = found(variables).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
