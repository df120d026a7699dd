//! The commands of `infer`, and what their outcomes are to the shell.

use std::process::ExitCode;

use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{print, say};

use crate::Result;
use crate::arguments::{Arguments, Command};
use crate::commands::{
    Comparison, Evaluated, Generated, Sampled, convert, doctor, edit, evaluate, evaluate_captions,
    generate, info, merge, replay, sample, serve, sweep,
};

/// Does what the command line says; gives the exit code.
///
/// # Errors
/// What the command says: see [`crate::Error`].
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command.unwrap_or(Command::Sample(arguments.sample)) {
        Command::Sample(arguments) => return sampled(sample(&arguments)?),
        Command::Edit(arguments) => return sampled(edit(&arguments)?),
        Command::Convert(arguments) => say(convert(&arguments)?)?,
        Command::Merge(arguments) => say(merge(&arguments)?)?,
        Command::Serve(arguments) => serve(&arguments)?,
        Command::Info(arguments) => print(info(&arguments)?)?,
        Command::Doctor(arguments) => {
            let found = doctor(&arguments);
            print(&found.text)?;
            return Ok(if found.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Evaluate(arguments) => match evaluate(&arguments)? {
            Evaluated::Done(text) => print(text)?,
            Evaluated::Fallen(text) => {
                print(text)?;
                return Ok(ExitCode::FAILURE);
            }
            Evaluated::Stopped => return Ok(Interrupt::exit_code()),
        },
        Command::Sweep(arguments) => match sweep(&arguments)? {
            Some(text) => print(text)?,
            None => return Ok(Interrupt::exit_code()),
        },
        Command::EvaluateCaptions(arguments) => print(evaluate_captions(&arguments)?)?,
        Command::Generate(arguments) => match generate(&arguments)? {
            Generated::Done(text) => say(text)?,
            Generated::Unsound(problems) => {
                for problem in &problems {
                    say(problem)?;
                }
                say(format_args!("{} problems", problems.len()))?;
                return Ok(ExitCode::FAILURE);
            }
        },
        Command::Replay(arguments) => match replay(&arguments)? {
            Comparison::Equal => say("pixels equal")?,
            Comparison::Differ { pixels, most } => {
                say(format_args!("{pixels} pixels differ, by at most {most} of 255"))?;
                return Ok(ExitCode::FAILURE);
            }
            Comparison::OtherSize => {
                say("the sizes differ")?;
                return Ok(ExitCode::FAILURE);
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what was drawn.
fn sampled(sampled: Sampled) -> Result<ExitCode> {
    match sampled {
        Sampled::Planned(text) => say(text)?,
        Sampled::Drawn(summary) => {
            say(&summary)?;
            if !summary.is_whole() {
                return Ok(Interrupt::exit_code());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
