//! Files of strangers, damaged in every way: nothing that is read may panic, hang or fill the memory.
//!
//! Each test is a target. `cargo test` replays its corpus, `src/__fuzz__/TARGET/corpus`, and tries some
//! random input; `cargo bolero test -p fuzz-tests TARGET --engine libfuzzer --profile dev --rustc-bootstrap
//! --sanitizer NONE` mutates the corpus for as long as it is let. What it finds goes to the corpus.

#[cfg(test)]
mod targets;
