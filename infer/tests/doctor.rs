//! `infer doctor`: what works is said with numbers, what does not with a way out.
#![cfg(unix)]

use program_tests::Program;

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

#[test]
fn a_machine_that_works_is_said_to_with_what_it_takes() {
    let said = INFER.run(&["doctor", "--device", "cpu", "--steps", "1"]).succeeded().printed;
    for part in [
        "ok   cpu           works; attention: f32 own kernel, error",
        "images of 32x32 fit at once",
        "demo draws an image of 32x32 in",
        "all is well",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    #[cfg(not(feature = "cuda"))]
    assert!(said.contains("-    cuda          not compiled in: add --features cuda"), "{said}");
}

#[test]
fn what_is_ill_is_named_and_the_rest_is_said_all_the_same() {
    let run = INFER.run(&["doctor", "--model", "nowhere"]);
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.printed.contains("!!   drawing       ") && run.printed.contains("nowhere"));
    assert!(run.printed.contains("ok   cpu") && run.printed.contains("1 thing is not"), "{run:?}");
}
