//! The network between two machines is cut while they train together: two network namespaces stand for them.
//!
//! `cargo test -p train --features mpi --test network_cut -- --ignored`, as root, with `ip` and `mpirun`.
#![cfg(all(feature = "mpi", target_os = "linux"))]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use program_tests::text;

/// The namespaces, and the ends of the wire between them.
const MACHINES: [[&str; 3]; 2] =
    [["pixelflow-a", "pixelflow-va", "10.231.7.1"], ["pixelflow-b", "pixelflow-vb", "10.231.7.2"]];
/// Open MPI's daemons otherwise notice after minutes. They have to before the ranks end, after 20 s, and the first rank
/// must then have the time to save: `docs/several-machines.md`.
const KEEPALIVE: [&str; 4] = [
    "oob_tcp_keepalive_time 12",
    "oob_tcp_keepalive_intvl 3",
    "oob_tcp_keepalive_probes 2",
    "odls_base_sigkill_timeout 6",
];

/// All has to end within this.
const PATIENCE: Duration = Duration::from_secs(30);

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

/// Two machines with a wire between them, as long as this lives.
struct Machines;

impl Machines {
    fn begin() -> Self {
        let [[a, va, _], [b, vb, _]] = MACHINES;
        ip(&format!("netns add {a}"));
        let machines = Self;
        ip(&format!("netns add {b}"));
        ip(&format!("link add {va} type veth peer name {vb}"));
        for [machine, wire, address] in MACHINES {
            ip(&format!("link set {wire} netns {machine}"));
            ip(&format!("-n {machine} addr add {address}/24 dev {wire}"));
            ip(&format!("-n {machine} link set {wire} up"));
            ip(&format!("-n {machine} link set lo up"));
        }
        machines
    }

    fn cut() {
        let [_, [machine, wire, _]] = MACHINES;
        ip(&format!("-n {machine} link set {wire} down"));
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for [machine, ..] in MACHINES {
            // What was not made is not there.
            let _ = Command::new("ip").args(["netns", "delete", machine]).status();
        }
    }
}

/// What starts a daemon on the other machine in place of ssh: `AGENT [OPTIONS] HOST COMMAND…`.
fn agent(folder: &Path) -> String {
    let path = folder.join("agent.sh");
    let script = format!(
        "#!/bin/sh\nwhile [ \"${{1#-}}\" != \"$1\" ]; do shift; done\nshift\nexec ip netns exec {} sh -c \"$*\"\n",
        MACHINES[1][0]
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    text(&path).to_owned()
}

#[test]
#[ignore = "needs root, for two network namespaces"]
fn a_cut_network_ends_the_job_and_the_first_rank_saves() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let _machines = Machines::begin();
    let agent = agent(folder.path());
    let hosts = MACHINES.map(|[_, _, address]| format!("{address}:1")).join(",");
    let network = "10.231.7.0/24";
    let mut job = Command::new("ip");
    job.args(["netns", "exec", MACHINES[0][0], "mpirun"]);
    for parameter in KEEPALIVE {
        job.arg("--mca").args(parameter.split(' '));
    }
    job.args(["--mca", "plm_rsh_agent", &agent, "--mca", "btl", "tcp,self"]);
    job.args(["--mca", "btl_tcp_if_include", network, "--mca", "oob_tcp_if_include", network]);
    job.args(["-H", &hosts, "-n", "2", env!("CARGO_BIN_EXE_train"), "--device", "cpu"]);
    job.args(["--recipe", "smoke", "--out", text(&run)]);
    for setting in [
        "train.steps=100000",
        "train.gradient_accumulation=2",
        "checkpoint.every=0",
        "log.every=10",
        "preview.every=0",
        "validation.every=0",
    ] {
        job.args(["--set", setting]);
    }
    for variable in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] {
        job.env(variable, "1");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let said = fs::File::create(folder.path().join("said")).unwrap();
    job.current_dir(root).stdout(said.try_clone().unwrap()).stderr(said);
    let mut job = job.spawn().unwrap();

    let metrics = || fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !metrics().contains("\"step\":50,") {
        assert!(Instant::now() < deadline && job.try_wait().unwrap().is_none(), "no step 50");
        std::thread::sleep(Duration::from_millis(50));
    }
    Machines::cut();
    let cut = Instant::now();
    let ended = loop {
        if let Some(status) = job.try_wait().unwrap() {
            break status;
        }
        if cut.elapsed() > PATIENCE {
            job.kill().unwrap();
            let said = fs::read_to_string(folder.path().join("said")).unwrap();
            panic!("it goes on without the other: {said}");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    println!("ended {:.0} s after the cut: {ended}\n{said}", cut.elapsed().as_secs_f64());
    assert!(!ended.success());
    assert!(said.contains("rank 1 of the job has not been heard of for 20 s"), "{said}");
    // None was due: it was saved because of the cut.
    let saved = fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(saved.filter(|path| path.join("state.json").exists()).count(), 1);
}
