//! One target in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ::tests::Outcome;
use ::tests::conformance::{DeviceInfo, Event, KnownFailure, Row, RowEnd, Target, known_failures};

use super::presence;

/// What is kept of a process's standard error, in bytes.
const LOG: u64 = 6_000;

/// A process to start.
#[derive(Debug)]
pub struct Child<'a> {
    /// The program.
    pub program: &'a Path,
    /// The target.
    pub target: Target,
    /// Folder of the fixtures.
    pub fixtures: &'a Path,
    /// A folder for what it writes; it is made.
    pub folder: &'a Path,
    /// Only the cases whose name contains this.
    pub filter: Option<&'a str>,
    /// Of the fixtures only the first file of each kind.
    pub quick: bool,
    /// A folder with a checkpoint of another target.
    pub checkpoint: Option<(&'a str, &'a Path)>,
    /// What it may take.
    pub timeout: Duration,
}

/// Is told what happens.
pub trait ChildObserver: Sync {
    /// The cases of a group come next.
    fn group(&self, target: Target, name: &str) {
        let _ = (target, name);
    }

    /// A case is done.
    fn outcome(&self, target: Target, outcome: &Outcome) {
        let _ = (target, outcome);
    }

    /// The process has ended.
    fn finished(&self, row: &Row) {
        let _ = row;
    }
}

impl Child<'_> {
    /// Runs it to its end, or its time's.
    pub fn run(&self, required: bool, observer: &dyn ChildObserver) -> Row {
        let started = Instant::now();
        let mut progress = Progress::new(self.target);
        let (end, log) = match self.supervise(&mut progress, observer) {
            Ok(result) => result,
            Err(error) => {
                let reason = format!("cannot run {}: {error}", self.program.display());
                (progress.crashed(reason), String::new())
            }
        };
        let row = Row {
            target: self.target.to_string(),
            end,
            required,
            device: progress.device,
            outcomes: progress.outcomes,
            seconds: started.elapsed().as_secs_f64(),
            log,
        };
        observer.finished(&row);
        row
    }

    /// What the device is.
    ///
    /// # Errors
    /// Why it does not work.
    pub fn probe(&self) -> Result<DeviceInfo, String> {
        let mut progress = Progress::new(self.target);
        let silent = Silent;
        let mut command = self.command();
        command.arg("--probe");
        let (end, _) = self
            .supervise_command(command, &mut progress, &silent)
            .map_err(|error| error.to_string())?;
        match (progress.device, end) {
            (Some(device), _) => Ok(device),
            (None, RowEnd::Skipped { reason } | RowEnd::Crashed { reason, .. }) => Err(reason),
            (None, other) => Err(format!("{other:?}")),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(["--target", &self.target.to_string()]);
        command.arg("--fixtures").arg(self.fixtures);
        command.arg("--folder").arg(self.folder);
        if let Some(filter) = self.filter {
            command.args(["--filter", filter]);
        }
        if self.quick {
            command.arg("--quick");
        }
        if let Some((name, folder)) = self.checkpoint {
            command.arg("--read");
            command.arg(format!("{name}={}", folder.display()));
        }
        // A suite that tunes at every shape would not end on a software device.
        if std::env::var_os("CUBECL_AUTOTUNE_LEVEL").is_none() {
            command.env("CUBECL_AUTOTUNE_LEVEL", "minimal");
        }
        // Mesa's software devices: kernels that run for microseconds need no optimisation.
        if std::env::var_os("GALLIVM_PERF").is_none() {
            command.env("GALLIVM_PERF", "nopt");
        }
        // Mesa wants a folder of the user's own.
        if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
            command.env("XDG_RUNTIME_DIR", self.folder);
        }
        command
    }

    fn supervise(
        &self,
        progress: &mut Progress,
        observer: &dyn ChildObserver,
    ) -> std::io::Result<(RowEnd, String)> {
        self.supervise_command(self.command(), progress, observer)
    }

    fn supervise_command(
        &self,
        mut command: Command,
        progress: &mut Progress,
        observer: &dyn ChildObserver,
    ) -> std::io::Result<(RowEnd, String)> {
        std::fs::create_dir_all(self.folder)?;
        let mut log = tempfile::tempfile()?;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.try_clone()?).spawn()?;
        let (sender, events) = mpsc::channel();
        let output = child.stdout.take();
        let reader = std::thread::spawn(move || {
            let lines = output.map(BufReader::new).into_iter().flat_map(BufRead::lines);
            // Libraries may print, too: what is no event is passed over.
            let parsed = lines
                .map_while(Result::ok)
                .filter_map(|line| serde_json::from_str::<Event>(&line).ok());
            for event in parsed {
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let deadline = Instant::now() + self.timeout;
        let timed_out = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match events.recv_timeout(left) {
                Ok(event) => progress.take(event, observer),
                Err(RecvTimeoutError::Disconnected) => break false,
                Err(RecvTimeoutError::Timeout) => break true,
            }
        };
        if timed_out {
            let _ = child.kill();
        }
        let status = child.wait()?;
        // A grandchild could hold the pipe; nobody waits for it.
        drop(events);
        if !timed_out {
            let _ = reader.join();
        }
        let text = tail(&mut log)?;
        let end = if timed_out {
            RowEnd::TimedOut { seconds: self.timeout.as_secs(), during: progress.group.clone() }
        } else {
            progress.end(status, &text)
        };
        Ok((end, text))
    }
}

struct Silent;

impl ChildObserver for Silent {}

/// What a process has said so far.
struct Progress {
    target: Target,
    known: Vec<KnownFailure>,
    device: Option<DeviceInfo>,
    group: String,
    outcomes: Vec<Outcome>,
    unsupported: Option<String>,
    is_finished: bool,
}

impl Progress {
    fn new(target: Target) -> Self {
        Self {
            target,
            known: known_failures(),
            device: None,
            group: "start".to_owned(),
            outcomes: Vec::new(),
            unsupported: None,
            is_finished: false,
        }
    }

    fn take(&mut self, event: Event, observer: &dyn ChildObserver) {
        match event {
            Event::Device(device) => self.device = Some(device),
            Event::Group { name } => {
                observer.group(self.target, &name);
                self.group = name;
            }
            Event::Outcome(outcome) => {
                let outcome = self.judged(outcome);
                observer.outcome(self.target, &outcome);
                self.outcomes.push(outcome);
            }
            Event::Unsupported { reason } => self.unsupported = Some(reason),
            Event::Finished => self.is_finished = true,
        }
    }

    fn judged(&self, outcome: Outcome) -> Outcome {
        let nothing = DeviceInfo::default();
        let device = self.device.as_ref().unwrap_or(&nothing);
        let known =
            self.known.iter().find(|known| known.is_about(self.target, device, &outcome.case));
        match known {
            Some(known) => known.judge(outcome),
            None => outcome,
        }
    }

    fn crashed(&self, reason: String) -> RowEnd {
        RowEnd::Crashed { reason, during: self.group.clone() }
    }

    fn end(&mut self, status: ExitStatus, log: &str) -> RowEnd {
        if let Some(reason) = self.unsupported.take() {
            return RowEnd::Skipped { reason };
        }
        if self.is_finished && status.success() {
            return RowEnd::Finished;
        }
        let said = panic_message(log).map_or_else(|| status.to_string(), str::to_owned);
        if self.device.is_none() {
            let reason = presence::reason(self.target.backend, &said);
            // Nothing was asked of the device but to be there.
            return RowEnd::Skipped { reason };
        }
        self.crashed(said)
    }
}

/// The message of the last panic, or of the error in the last line.
fn panic_message(log: &str) -> Option<&str> {
    let lines: Vec<&str> = log.lines().collect();
    let panic = lines.iter().rposition(|line| line.contains("panicked at"));
    let message = panic.and_then(|place| lines.get(place + 1)).copied();
    let last = || lines.iter().rev().find(|line| !line.trim().is_empty());
    message.or_else(|| last().copied()).map(|line| line.trim().trim_start_matches("error: "))
}

/// The end of a log.
fn tail(log: &mut File) -> std::io::Result<String> {
    let length = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(length.saturating_sub(LOG)))?;
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell script in the place of the suite.
    #[cfg(unix)]
    fn row(script: &str, timeout: Duration) -> Row {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("suite");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let child = Child {
            program: &program,
            target: "wgpu-f32".parse().unwrap(),
            fixtures: folder.path(),
            folder: &folder.path().join("out"),
            filter: None,
            quick: false,
            checkpoint: None,
            timeout,
        };
        child.run(true, &Silent)
    }

    #[cfg(unix)]
    const START: &str = r#"
echo '{"event":"device","backend":"b","adapter":"a","driver":"","memory":null,"precisions":[],"attention":""}'
echo 'a library prints this'
echo '{"event":"group","name":"euler_0"}'
echo '{"event":"outcome","case":"euler_0/x","verdict":"passed","measure":"rel_l2","error":1e-7,"limit":1e-6,"basis":"","details":""}'
"#;

    #[cfg(unix)]
    #[test]
    fn a_process_that_ends_well_is_finished() {
        let script = format!("{START}\necho '{{\"event\":\"finished\"}}'");
        let row = row(&script, Duration::from_secs(20));
        assert_eq!(row.end, RowEnd::Finished);
        assert!(row.is_success() && row.outcomes.len() == 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_killed_process_keeps_its_outcomes_and_names_the_group() {
        let row = row(&format!("{START}\nkill -9 $$"), Duration::from_secs(20));
        let RowEnd::Crashed { reason, during } = &row.end else { panic!("{:?}", row.end) };
        assert!(reason.contains("signal: 9"), "{reason}");
        assert_eq!((during.as_str(), row.outcomes.len()), ("euler_0", 1));
        assert!(!row.is_success());
    }

    #[cfg(unix)]
    #[test]
    fn a_panic_is_the_reason() {
        let panic =
            "echo \"thread 'main' panicked at a.rs:1:2:\nout of memory\nnote: x\" >&2; exit 101";
        let row = row(&format!("{START}\n{panic}"), Duration::from_secs(20));
        assert!(matches!(&row.end, RowEnd::Crashed { reason, .. } if reason == "out of memory"));
        assert!(row.log.contains("note: x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_hangs_is_killed_when_its_time_is_over() {
        let started = Instant::now();
        let row = row(&format!("{START}\nexec sleep 60"), Duration::from_secs(1));
        let expected = RowEnd::TimedOut { seconds: 1, during: "euler_0".to_owned() };
        assert_eq!((row.end, row.outcomes.len()), (expected, 1));
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_that_is_not_there_is_a_skip_which_a_required_target_fails() {
        let panic = "echo \"thread 'main' panicked at a.rs:1:2:\nNo possible adapter available\" >&2; exit 101";
        let row = row(panic, Duration::from_secs(20));
        assert!(matches!(&row.end, RowEnd::Skipped { reason } if reason.contains("0 devices")));
        assert!(!row.is_success());
        let optional = Row { required: false, ..row };
        assert!(optional.is_success());
    }

    #[test]
    fn a_program_that_cannot_be_started_is_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let child = Child {
            program: Path::new("/no/such/program"),
            target: "flex-f32".parse().unwrap(),
            fixtures: folder.path(),
            folder: folder.path(),
            filter: None,
            quick: false,
            checkpoint: None,
            timeout: Duration::from_secs(5),
        };
        let row = child.run(false, &Silent);
        assert!(matches!(row.end, RowEnd::Crashed { .. }));
    }
}
