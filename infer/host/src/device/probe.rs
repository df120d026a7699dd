//! Trying a device out in a child process.

use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::{ElementConversion, Tensor};
use pixelflow::ops::PixelFlowBackend;

use super::{Choice, Device, OnBackend};

/// Names the device to a child process.
const VARIABLE: &str = "PIXELFLOW_PROBE_DEVICE";
/// A cold shader compiler takes a while.
const PATIENCE: Duration = Duration::from_secs(180);
/// Longest output of a child that is read, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;

/// Answers a parent process that wants to know whether a device works; call it first in `main`.
///
/// Returns if there is no such parent; otherwise ends the program.
pub fn answer_probe() {
    let Ok(name) = std::env::var(VARIABLE) else {
        return;
    };
    let works = match name.parse() {
        Ok(Choice::Device(device)) => device.run(Sum),
        _ => false,
    };
    std::process::exit(i32::from(!works));
}

/// Tries `device` out in a child process.
///
/// # Errors
/// What went wrong there, in words.
pub(super) fn probe(device: Device) -> Result<(), String> {
    // Children of children would have no end.
    if std::env::var_os(VARIABLE).is_some() {
        return Err("the program does not answer probes first in its `main`".to_owned());
    }
    // A file and not a pipe: nobody reads while the child writes, and a pipe fills up.
    let mut log = tempfile::tempfile().map_err(|error| error.to_string())?;
    let stderr = log.try_clone().map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .env(VARIABLE, device.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = wait(&mut child)?;
    if status.success() {
        return Ok(());
    }
    let mut output = Vec::new();
    // What cannot be read is not the reason: the status is said then.
    let _ = log.rewind();
    let _ = log.take(MAX_OUTPUT).read_to_end(&mut output);
    let output = String::from_utf8_lossy(&output);
    Err(reason(&output).unwrap_or_else(|| format!("it ended with {status}")))
}

/// Waits for the child, but not for ever.
fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} s", PATIENCE.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The message of a panic, or the last line of any other output.
fn reason(output: &str) -> Option<String> {
    let mut lines = output.lines().skip_while(|line| !line.contains("panicked at"));
    let panic = lines.nth(1);
    let last = || output.lines().rev().find(|line| !line.trim().is_empty());
    panic.or_else(last).map(|line| line.trim().to_owned())
}

/// A sum whose result is known.
struct Sum;

impl OnBackend for Sum {
    type Output = bool;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> bool {
        let ones = Tensor::<B, 1>::ones([64], &device);
        let sum: f32 = (ones.clone() + ones).sum().into_scalar().elem();
        sum == 128.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_is_the_reason() {
        let panic = "log\nthread 'main' panicked at a.rs:1:2:\nno adapter\nnote: run with\n";
        assert_eq!(reason(panic).unwrap(), "no adapter");
        assert_eq!(reason("first\nlibcuda.so not found\n\n").unwrap(), "libcuda.so not found");
        assert_eq!(reason(""), None);
    }
}
