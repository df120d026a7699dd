//! `infer sweep`: its cells are what `infer evaluate model` measures, and they stay whatever ends the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use program_tests::{Run, converted_model, listing, text};
use serde_json::Value;

use super::sides::{shipped, write};
use super::{INFER, at, json, value};

/// A folder with ten images `real`, a model, and a cache for all calls of a test.
struct Bench {
    scratch: tempfile::TempDir,
    real: String,
    model: String,
}

impl Bench {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let images = shipped("heroes-heldout.tar", 0..10).into_iter().map(|record| record.image);
        write(&scratch.path().join("real"), images);
        let model = text(&converted_model(INFER, scratch.path())).to_owned();
        Self { real: at(scratch.path(), "real"), model, scratch }
    }

    fn cache(&self) -> PathBuf {
        self.scratch.path().join("cache")
    }

    fn out(&self, name: &str) -> String {
        at(self.scratch.path(), name)
    }

    fn command(&self, more: &[&str]) -> std::process::Command {
        let common =
            ["sweep", &self.real, "--model", &self.model, "--device", "cpu", "--images", "4"];
        let mut command = INFER.command(&common);
        command.args(more).env("PIXELFLOW_CACHE", self.cache());
        command
    }

    fn sweep(&self, more: &[&str]) -> Run {
        Run::of(&mut self.command(more))
    }
}

/// The cells that are measured.
fn cells_of(out: &str) -> Vec<Value> {
    read(out, "cells.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(out: &str, name: &str) -> String {
    fs::read_to_string(Path::new(out).join(name)).unwrap()
}

/// Starts a sweep and waits until its first cell is measured.
fn begun(bench: &Bench, more: &[&str], out: &str) -> Child {
    let mut command = bench.command(&[more, &["--out", out]].concat());
    let running = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (started, path) = (Instant::now(), Path::new(out).join("cells.jsonl"));
    while !fs::read_to_string(&path).is_ok_and(|text| text.contains('\n')) {
        assert!(started.elapsed() < Duration::from_secs(120), "no cell in two minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

#[test]
fn whatever_ends_it_a_sweep_goes_on_and_parts_together_are_the_whole() {
    let bench = Bench::new();
    let grid = ["--solver", "euler", "unipc", "--steps", "1", "2", "60,40", "--confirm", "0"];
    let [whole, killed, stopped, shared] =
        ["whole", "killed", "stopped", "shared"].map(|name| bench.out(name));
    bench.sweep(&[&grid[..], &["--out", &whole]].concat()).succeeded();
    assert_eq!(cells_of(&whole).len(), 6);

    let mut running = begun(&bench, &grid, &killed);
    let beside = bench.sweep(&[&grid[..], &["--out", &killed]].concat());
    beside.refused(&["another process measures the same part", "another --shard or folder"]);
    running.kill().unwrap();
    running.wait().unwrap();
    let done = cells_of(&killed).len();
    assert!((1..6).contains(&done), "{done} of 6 cells");
    let again = bench.sweep(&[&grid[..], &["--out", &killed]].concat()).succeeded();
    assert!(again.message.contains("of 6 cells were measured before"), "{}", again.message);

    let running = begun(&bench, &grid, &stopped);
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let ended = running.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{message}");
    assert!(
        message.contains(&format!("the same command with --out {stopped} goes on")),
        "{message}"
    );
    bench.sweep(&[&grid[..], &["--out", &stopped]].concat()).succeeded();

    let part =
        |shard: &str| bench.sweep(&[&grid[..], &["--out", &shared, "--shard", shard]].concat());
    let first = part("2/3").succeeded().printed;
    assert!(
        first.contains("part 2/3: 2 cells are measured, and 4 of other parts are missing"),
        "{first}"
    );
    part("3/3").succeeded();
    let last = part("1/3").succeeded().printed;
    assert!(last.contains("# FD-EffLite0 by sampler settings"), "{last}");

    let cells = read(&whole, "cells.jsonl");
    for out in [&killed, &stopped, &shared] {
        assert_eq!(read(out, "cells.jsonl"), cells, "{out}");
        assert_eq!(read(out, "table.md"), read(&whole, "table.md"), "{out}");
    }
    for out in [&whole, &shared] {
        let again = Run::of(&mut INFER.command(&["sweep", "--report", out])).succeeded();
        assert!(
            again.printed.starts_with(read(&whole, "table.md").trim_end()),
            "{}",
            again.printed
        );
        assert_eq!(read(out, "cells.jsonl"), cells, "{out}");
    }
}

#[test]
fn a_cell_is_what_evaluate_model_measures_and_counts_every_network_call() {
    let bench = Bench::new();
    let out = bench.out("out");
    let settings = ["--guidance", "1", "constant:1.5", "--solver", "heun", "--shift", "1.5"];
    let line = ["--steps", "1,2", "--seed", "5", "--repeats", "2", "--confirm", "0", "--out", &out];
    bench.sweep(&[&settings[..], &line].concat()).succeeded();
    let cells = cells_of(&out);
    // Two calls a step; guided ones are two each.
    let calls: Vec<f64> =
        cells.iter().map(|cell| cell["network_calls"].as_f64().unwrap()).collect();
    assert_eq!(calls, [6.0, 12.0]);
    for (cell, guidance) in cells.iter().zip(["1", "constant:1.5"]) {
        let drawing =
            ["--guidance", guidance, "--solver", "heun", "--shift", "1.5", "--steps", "1,2"];
        let model = ["model", &bench.real, "--model", &bench.model, "--images", "4", "--seed", "5"];
        let alone = json(&bench.cache(), &[&model[..], &["--repeats", "2"], &drawing].concat());
        assert_eq!(cell["seeds"], alone["seeds"]);
        for metric in ["fd_efflite0", "kid_efflite0"] {
            let found = &cell["metrics"][metric];
            assert_eq!(found["value"].as_f64(), Some(value(&alone, metric)), "{metric}");
            assert_eq!(found["standard_error"], alone["metrics"][metric]["standard_error"]);
        }
    }
}

#[test]
fn the_best_are_measured_again_and_everything_is_shown() {
    let bench = Bench::new();
    let out = bench.out("out");
    let line =
        ["--solver", "euler", "dopri5", "--steps", "1", "2", "--confirm", "2", "--out", &out];
    let run = bench.sweep(&line).succeeded();
    for said in
        ["2 cells x 4 images x 3 to 6 network calls: 36 calls of the network", "1 cells of dopri5"]
    {
        assert!(run.message.contains(said), "{}", run.message);
    }
    for part in [
        "FD-EffLite0 measured again with fresh seeds (1, 2)",
        "| the model's own",
        "left out: 1 cell: dopri5 chooses its own steps",
    ] {
        assert!(run.printed.contains(part), "{part}: {}", run.printed);
    }
    let expected = [
        ".cells.jsonl.lock",
        "cells.jsonl",
        "confirmed.jsonl",
        "heat-map.png",
        "heat-map.svg",
        "quality.png",
        "quality.svg",
        "sweep.json",
        "table.md",
    ];
    assert_eq!(listing(Path::new(&out)), expected);
    assert!(image::open(Path::new(&out).join("quality.png")).unwrap().width() > 500);
    let dopri5 = &cells_of(&out)[2];
    assert_eq!(dopri5["cell"]["sampler"]["solver"], "dopri5");
    assert!(dopri5["network_calls"].as_f64().unwrap() > 12.0, "{dopri5}");
    // The same command does nothing again.
    let confirmed = read(&out, "confirmed.jsonl");
    bench.sweep(&line).succeeded();
    assert_eq!(read(&out, "confirmed.jsonl"), confirmed);
}

#[test]
fn other_sweeps_and_impossible_grids_are_refused_before_anything_is_drawn() {
    let bench = Bench::new();
    let out = bench.out("out");
    let common = ["--solver", "euler", "--steps", "1", "--confirm", "0", "--out", &out];
    bench.sweep(&common).succeeded();
    let before = read(&out, "cells.jsonl");
    let other = bench.out("other");
    let images = shipped("heroes-heldout.tar", 10..14).into_iter().map(|record| record.image);
    write(Path::new(&other), images);
    let demo = "assets/demo/model";
    let sweep = |line: &[&str]| {
        let mut command = INFER.command(&["sweep", "--device", "cpu"]);
        Run::of(command.args(line).env("PIXELFLOW_CACHE", bench.cache()))
    };
    let (real, model) = (&bench.real[..], &bench.model[..]);
    let [foreign, missing] = [bench.scratch.path().to_str().unwrap(), "does/not/exist"];
    let own = ["--model", model, "--images", "4", "--steps", "1", "--out", &out];
    let with = |more: &[&str]| {
        [&[real], &own[..], more].concat().iter().map(|s| (*s).to_owned()).collect()
    };
    let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let refused: &[(Vec<String>, i32, &[&str])] = &[
        (with(&["--seed", "3"]), 1, &["seed was 0 and is 3", "another --out"]),
        (with(&["--repeats", "2"]), 1, &["repeats was 1 and is 2"]),
        (with(&["--protocol", "clean"]), 1, &["protocol was \"adm\" and is \"clean\""]),
        (with(&["--labels", "random"]), 1, &["labels was \"balanced\" and is \"random\""]),
        (line(&[real, "--model", demo, "--images", "4", "--out", &out]), 1, &["model_hash was \""]),
        (
            line(&[real, "--model", model, "--images", "5", "--out", &out]),
            1,
            &["images was 4 and is 5"],
        ),
        (line(&[&[&other[..]], &own[..]].concat()), 1, &["reference_hash was \""]),
        (
            line(&[real, "--model", model, "--out", foreign]),
            1,
            &["--out", "files that are no sweep"],
        ),
        (
            line(&[real, "--model", model, "--steps", "1,2,3"]),
            1,
            &["no cell can be drawn", "3 numbers"],
        ),
        (line(&[real, "--model", model, "--prompts", "-"]), 1, &["--prompts -", "give a file"]),
        (line(&[real, "--model", model, model]), 1, &["--model", "given twice"]),
        (
            line(&[real, "--model", model, "--guide-model", model, "--guidance", "1"]),
            1,
            &["the guidance scale is 1"],
        ),
        (
            line(&["--steps", "1", real]),
            2,
            &["is no number of steps", "REFERENCE before all lists"],
        ),
        (line(&[real, "--shard", "1/2"]), 2, &["--out"]),
        (line(&["--report", foreign]), 2, &["--report", "cannot be used with"]),
        (line(&[missing, "--model", model, "--out", &bench.out("new")]), 1, &["does not exist"]),
    ];
    for (line, code, parts) in refused {
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        let run = sweep(&words);
        run.refused(parts);
        assert_eq!(
            (run.status.code(), &run.printed[..]),
            (Some(*code), ""),
            "{words:?}: {}",
            run.message
        );
    }
    for folder in [foreign, missing] {
        let report = Run::of(&mut INFER.command(&["sweep", "--report", folder]));
        report.refused(&["--report", folder, "it has no sweep.json"]);
    }
    assert_eq!(read(&out, "cells.jsonl"), before);
    assert!(!Path::new(&bench.out("new")).exists());
    let planned =
        sweep(&[real, "--model", model, "--guidance", "1", "2", "--dry-run"]).succeeded().printed;
    assert!(planned.contains("cells x 500 images"), "{planned}");
    assert!(!Path::new("sweeps").exists());
}
