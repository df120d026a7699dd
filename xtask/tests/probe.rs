//! A program that selects a device tries it out by starting itself.

use std::process::Command;

#[test]
fn the_program_answers_whether_a_device_works() {
    for (device, code) in [("cpu", 0), ("nonsense", 1)] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let status = program.env("PIXELFLOW_PROBE_DEVICE", device).status().unwrap();
        assert_eq!(status.code(), Some(code), "{device}");
    }
}
