//! The kernels as CUDA source: what a machine without a GPU can say about them.
//!
//! The source is what the CUDA backend would compile on a GPU. Here it is looked at, and run: the system's
//! C++ compiler makes a program of it, in which every unit is a thread, and the results are compared with
//! attention in f64.

mod case;
mod inspection;
mod numbers;
mod program;
mod variant;
