//! How long a checkpoint of full size takes to load on the CPU, and what it needs in memory.
//!
//! `load write FILE.safetensors` makes one of the XL class model, with random weights (2.7 GB);
//! `load FILE f32|f16|bf16` loads a `.safetensors` or a `.pt` of it and compares with reading alone.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use burn_flex::{Flex, FlexDevice};
use pixelflow::Preset;
use pixelflow::noise::{Key, Purpose};
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile, load_model_in, parameter_shapes};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["write", path] => write(Path::new(path)),
        [path, "f32"] => load(Path::new(path), burn::tensor::DType::F32),
        [path, "f16"] => load(Path::new(path), burn::tensor::DType::F16),
        [path, "bf16"] => load(Path::new(path), burn::tensor::DType::BF16),
        _ => Err("load write FILE.safetensors, or load FILE f32|f16|bf16".into()),
    }
}

fn write(path: &Path) -> Result<(), Box<dyn Error>> {
    let shapes: Vec<_> = parameter_shapes::<Flex>(&Preset::Xl.config(1000), &FlexDevice)
        .into_iter()
        .collect();
    let mut writer = SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new())?;
    for (number, (name, shape)) in shapes.iter().enumerate() {
        let key = Key::new(7, number as u64, Purpose::InitialNoise);
        let count = shape.iter().product();
        let values = key.uniforms(count).into_iter();
        writer.push(
            name,
            &values.map(|u| (u as f32 - 0.5) / 8.0).collect::<Vec<_>>(),
        )?;
    }
    writer.finish()?;
    Ok(())
}

fn load(path: &Path, dtype: burn::tensor::DType) -> Result<(), Box<dyn Error>> {
    let weights = Preset::Xl.config(1000).parameters() * dtype.size() as u64;
    // Once before: what is measured is reading what is in memory already.
    read_in_chunks(path)?;
    let (reading, _) = measured(|| read_in_chunks(path))?;
    let (memory, memory_cpu) = measured(|| {
        touch(weights as usize);
        Ok(())
    })?;
    let file = TensorFile::open(path)?;
    let config = Preset::Xl.config(1000);
    let mut model = None;
    let (loading, cpu) = measured(|| {
        model = Some(load_model_in::<Flex>(&file, &config, dtype, &FlexDevice)?);
        Ok(())
    })?;
    let peak = peak_memory()?;
    println!(
        "{} as {dtype:?}: {loading:.2} s ({cpu:.2} s of CPU); reading alone {reading:.2} s, fresh memory \
         alone {memory:.2} s ({memory_cpu:.2} s of CPU); {:.2} x both; peak {:.2} GB, {:.3} x the weights",
        path.display(),
        loading / (reading + memory),
        peak as f64 / 1e9,
        peak as f64 / weights as f64
    );
    drop(model);
    Ok(())
}

/// Seconds by the clock and of all processors that something takes.
fn measured(
    run: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(f64, f64), Box<dyn Error>> {
    let (started, before) = (Instant::now(), processor_seconds()?);
    run()?;
    Ok((
        started.elapsed().as_secs_f64(),
        processor_seconds()? - before,
    ))
}

fn read_in_chunks(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 4 << 20];
    while file.read(&mut chunk)? > 0 {}
    Ok(())
}

/// What the system takes to provide memory, whatever is put there.
fn touch(bytes: usize) {
    const PAGE: usize = 4096;
    let mut memory = vec![0_u8; bytes];
    memory
        .par_chunks_mut(1 << 20)
        .for_each(|part| part.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1));
    std::hint::black_box(&memory);
}

/// Seconds this process has had of all processors.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Most memory this process has had, in bytes.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: u64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("this system does not say")?
        .parse()?;
    Ok(kibibytes * 1024)
}
