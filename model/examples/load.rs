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
    // Twice: what is measured is reading what is in memory already.
    read_in_chunks(path)?;
    let reading = read_in_chunks(path)?;
    let file = TensorFile::open(path)?;
    let started = Instant::now();
    let model = load_model_in::<Flex>(&file, &Preset::Xl.config(1000), dtype, &FlexDevice)?;
    let loading = started.elapsed().as_secs_f64();
    let weights = Preset::Xl.config(1000).parameters() * dtype.size() as u64;
    let peak = peak_memory()?;
    println!(
        "{} as {dtype:?}: {loading:.2} s, {:.2} x reading ({reading:.2} s); peak {:.2} GB, {:.3} x the weights",
        path.display(),
        loading / reading,
        peak as f64 / 1e9,
        peak as f64 / weights as f64
    );
    drop(model);
    Ok(())
}

/// Seconds for reading a file in chunks of 4 MiB.
fn read_in_chunks(path: &Path) -> std::io::Result<f64> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 4 << 20];
    let started = Instant::now();
    while file.read(&mut chunk)? > 0 {}
    Ok(started.elapsed().as_secs_f64())
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
