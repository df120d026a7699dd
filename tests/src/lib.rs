//! Golden and conformance tests.
