//! Processes that share a measurement: killed and gone on, added up, and what does not fit together.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use program_tests::{Run, converted_model};

use super::sides::{shipped, write};
use super::{INFER, at, evaluate, json, value};

/// Real images 0 to 8 in the folder `real`.
fn real(folder: &Path) -> String {
    let records = shipped("heroes-heldout.tar", 0..8);
    write(&folder.join("real"), records.into_iter().map(|record| record.image));
    at(folder, "real")
}

/// Starts a shard and waits until it has saved something.
fn saving(cache: &Path, arguments: &[&str], file: &str) -> Child {
    let mut command = INFER.command(&["evaluate"]);
    command.args(arguments).env("PIXELFLOW_CACHE", cache);
    let running = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut running = running.unwrap();
    while !Path::new(file).exists() {
        assert!(running.try_wait().unwrap().is_none(), "it ended without {file}");
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

#[test]
fn a_killed_shard_goes_on_and_the_statistics_have_the_bytes_of_one_that_was_not() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, at) = (scratch.path().join("cache"), |name: &str| at(scratch.path(), name));
    let (model, real) = (converted_model(INFER, scratch.path()), real(scratch.path()));
    let model = model.to_str().unwrap();
    let drawing = ["--model", model, "--steps", "1", "--seed", "5", "--labels", "random"];
    let drawing = [&drawing[..], &["--images", "94", "--batch", "4", "--device", "cpu"]].concat();
    let [whole, killed, stopped] = ["whole.npz", "1-of-2.npz", "2-of-2.npz"].map(at);
    let line = |more: &[&'static str], file: &str| -> Vec<String> {
        let line = [&["model"], &drawing[..], more, &["--partial", file]].concat();
        line.into_iter().map(str::to_owned).collect()
    };
    let run = |line: &[String]| {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        evaluate(&cache, &line)
    };
    let start = |line: &[String], file: &str| {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        saving(&cache, &line, file)
    };
    let first = line(&["--shard", "1/2"], &killed);
    let mut running = start(&first, &killed);
    running.kill().unwrap();
    assert!(!running.wait().unwrap().success());
    let gone_on = run(&first).succeeded();
    assert!(gone_on.message.contains("1-of-2.npz with images "), "{}", gone_on.message);
    assert!(gone_on.printed.starts_with("sums of images 0..48 of 94, protocol adm"), "{gone_on:?}");

    let second = line(&["--shard", "2/2"], &stopped);
    let running = start(&second, &stopped);
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("of 48..94; the same command goes on"), "{message}");
    let [merged, other] = ["merged.npz", "other.npz"].map(at);
    let merge = ["merge", &stopped, &killed, "--out", &merged];
    evaluate(&cache, &merge).refused(&["2-of-2.npz lacks images ", "of its 48..94", "goes on"]);
    run(&second).succeeded();
    evaluate(&cache, &merge).succeeded();

    run(&line(&[], &whole)).succeeded();
    let made = evaluate(&cache, &["merge", &whole, "--out", &other]).succeeded();
    assert!(made.printed.starts_with("statistics of 94 images of 1 shard, "), "{}", made.printed);
    assert!(fs::read(&merged).unwrap() == fs::read(&other).unwrap());
    let finished = fs::metadata(&whole).unwrap().modified().unwrap();
    let again = run(&line(&[], &whole)).succeeded();
    assert!(again.message.contains("whole.npz is finished; nothing is computed again"));
    assert_eq!(fs::metadata(&whole).unwrap().modified().unwrap(), finished);

    // They are the statistics of the images that are compared without shards.
    let fd = |line: &[&str]| value(&json(&cache, line), "fd_efflite0");
    let frechet = ["--metrics", "frechet"];
    let compared = [&["model", &real], &drawing[..drawing.len() - 2], &frechet].concat();
    assert_eq!(fd(&[&["images", &merged, &real], &frechet[..]].concat()), fd(&compared));
}

#[test]
fn a_share_is_gone_on_with_by_the_same_arguments_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, file) = (scratch.path().join("cache"), at(scratch.path(), "sums.npz"));
    let model = converted_model(INFER, scratch.path());
    let model = model.to_str().unwrap();
    let run = |seed: &str, more: &[&str]| -> Run {
        let line = ["model", "--model", model, "--partial", &file, "--device", "cpu"];
        evaluate(&cache, &[&line[..], &["--seed", seed], more].concat())
    };
    let few = ["--images", "4", "--batch", "2", "--steps", "1", "--shard", "1/2"];
    run("1", &few).succeeded();
    let before = fs::read(&file).unwrap();
    let with = |place: usize, other: &'static str| {
        let mut line = few.to_vec();
        line[place] = other;
        line
    };
    for (seed, line, expected) in [
        ("2", few.to_vec(), "seed was 1 and is 2"),
        ("1", with(1, "6"), "images was 4 and is 6"),
        ("1", with(3, "1"), "batch was 2 and is 1"),
        ("1", with(5, "2"), "sampler.steps"),
        ("1", with(7, "2/2"), r#"share was "0..2" and is "2..4""#),
        ("1", [&few[..], &["--labels", "random"]].concat(), r#"labels was "balanced" and is"#),
        (
            "1",
            [&few[..], &["--protocol", "clean"]].concat(),
            r#"protocol was "adm" and is "clean""#,
        ),
    ] {
        let fix = "give the same arguments again, or another --partial";
        run(seed, &line).refused(&["sums.npz holds other sums than these", expected, fix]);
    }
    fs::write(&file, &before[..before.len() / 2]).unwrap();
    run("1", &few).refused(&["--partial", "sums.npz", "remove it to begin anew"]);
    fs::remove_file(&file).unwrap();
    run("1", &few).succeeded();
    assert!(fs::read(&file).unwrap() == before);
    // What makes no sense together, or needs all features.
    let real = real(scratch.path());
    for more in [&["--repeats", "2"][..], &["--metrics", "kernel"], &["--json", "a.json"], &[&real]]
    {
        run("1", more).refused(&["cannot be used with", "--partial"]);
    }
    let shard = ["--shard", "1/2"];
    for lacks in [&["model", &real][..], &["reference", &real, "a.npz"]] {
        evaluate(&cache, &[lacks, &shard].concat()).refused(&["cannot be used with", "--shard"]);
        evaluate(&cache, &[&lacks[..lacks.len() - 1], &shard].concat()).refused(&["required"]);
    }
    evaluate(&cache, &["model", "--images", "4"]).refused(&["<REFERENCE>"]);
}

#[test]
fn what_does_not_make_up_a_whole_is_refused_with_the_files_that_do_not_fit() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, at) = (scratch.path().join("cache"), |name: &str| at(scratch.path(), name));
    let (real, sums) = (real(scratch.path()), at("sums"));
    let reference = |more: &[&str], variables: &[(&str, &str)]| {
        let mut command = INFER.command(&["evaluate", "reference", &real, "--device", "cpu"]);
        command.args(["--batch", "2"]).args(more).envs(variables.iter().copied());
        for name in ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_ARRAY_TASK_ID"] {
            if variables.is_empty() {
                command.env_remove(name);
            }
        }
        Run::of(command.env("PIXELFLOW_CACHE", &cache))
    };
    let auto = ["--shard", "auto", "--partial", &sums];
    for part in ["0", "1", "2"] {
        let run = reference(&auto, &[("SLURM_PROCID", part), ("SLURM_NTASKS", "3")]).succeeded();
        let said = format!("/3: SLURM_PROCID={part}, SLURM_NTASKS=3");
        assert!(run.message.contains(&said), "{}", run.message);
    }
    reference(&auto, &[("SLURM_PROCID", "3"), ("SLURM_NTASKS", "3")])
        .refused(&["--shard auto: SLURM_PROCID=3 is not below SLURM_NTASKS=3; write I/N"]);
    reference(&auto, &[]).refused(&["neither SLURM_ARRAY_TASK_ID", "write I/N"]);
    let [a, b, c] =
        ["1-of-3.npz", "2-of-3.npz", "3-of-3.npz"].map(|name| at(&format!("sums/{name}")));

    // The whole is what one process makes.
    let [merged, alone] = ["merged.npz", "alone.npz"].map(at);
    evaluate(&cache, &["merge", &sums, "--out", &merged]).succeeded();
    reference(&[&alone], &[]).succeeded();
    assert!(fs::read(&merged).unwrap() == fs::read(&alone).unwrap());

    let other = [&["reference", &real, "--device", "cpu", "--batch", "3"], &["--partial"][..]];
    evaluate(&cache, &[&other.concat()[..], &[&at("other.npz")]].concat()).succeeded();
    fs::copy(&b, at("copy.npz")).unwrap();
    fs::write(at("cut.npz"), &fs::read(&b).unwrap()[..9000]).unwrap();
    fs::write(at("text.npz"), "no sums").unwrap();
    fs::create_dir(at("empty")).unwrap();
    let cases: [(&[&str], &[&str]); 9] = [
        (&[&a, &c], &["images 2..4 are in none; give the shard"]),
        (&[&a, &b], &["images 4..8 are in none"]),
        (&[&sums, &at("copy.npz")], &["images 2..4 are in two, ", "2-of-3.npz", "copy.npz; leave"]),
        (&[&a, &at("other.npz")], &["other.npz holds other sums than ", "batch was 2 and is 3"]),
        (&[&a, &at("cut.npz"), &c], &["cut.npz cannot be used: it is no .npz that is whole"]),
        (&[&a, &at("text.npz")], &["text.npz cannot be used: it is no .npz that is whole"]),
        (&[&sums, &alone], &["alone.npz cannot be used: partial sums, which", "it has mu, origin"]),
        (&[&at("nowhere.npz")], &["cannot read ", "nowhere.npz"]),
        (&[&at("empty")], &["empty: there is no .npz in it"]),
    ];
    let out = at("new/out.npz");
    for (parts, expected) in cases {
        evaluate(&cache, &[&["merge", "--out", &out], parts].concat()).refused(expected);
        assert!(!Path::new(&at("new")).exists(), "{parts:?}");
    }
    evaluate(&cache, &["merge", &sums, "--out", &merged]).refused(&["--out", "it exists already"]);
    evaluate(&cache, &["merge", &sums, "--out", "a.json"]).refused(&["--out a.json", "FILE.npz"]);
}
