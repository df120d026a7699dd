//! How long a checkpoint of full size takes to load on the CPU, and what it needs in memory.
//!
//! `load write FILE.safetensors` makes one of the XL class model, with random weights (2.7 GB), and
//! `load write-text FOLDER` a text encoder of Flan-T5-XL's shape (2.4 GB in bf16); `load PATH
//! f32|f16|bf16` loads a `.safetensors` or a `.pt` of the one, or a folder of the other, and compares
//! with reading alone.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use burn::tensor::DType as Format;
use burn_flex::{Flex, FlexDevice};
use pixelflow::noise::{Key, Purpose};
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{
    DType, SafetensorsWriter, TensorFile, TextEncoderFiles, WEIGHTS_FILE, WeightSet, load_model,
    parameter_shapes, save_text_encoder,
};
use pixelflow::{NumberFormat, Preset};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", path] => write(Path::new(path)),
        ["write-text", path] => write_text_encoder(Path::new(path)),
        [path, "f32"] => load(Path::new(path), NumberFormat::F32),
        [path, "f16"] => load(Path::new(path), NumberFormat::F16),
        [path, "bf16"] => load(Path::new(path), NumberFormat::Bf16),
        _ => {
            Err("load write FILE.safetensors, load write-text FOLDER, or load PATH f32|f16|bf16"
                .into())
        }
    }
}

fn write(path: &Path) -> Result<(), Box<dyn Error>> {
    let shapes: Vec<_> =
        parameter_shapes::<Flex>(&Preset::Xl.config(1000), &FlexDevice).into_iter().collect();
    let mut writer = SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new())?;
    for (number, (name, shape)) in shapes.iter().enumerate() {
        let key = Key::new(7, number as u64, Purpose::InitialNoise);
        let count = shape.iter().product();
        let values = key.uniforms(count).into_iter();
        writer.push(name, &values.map(|u| (u as f32 - 0.5) / 8.0).collect::<Vec<_>>())?;
    }
    writer.finish()?;
    Ok(())
}

fn write_text_encoder(path: &Path) -> Result<(), Box<dyn Error>> {
    let config =
        T5Config { d_kv: 64, d_ff: 5120, num_heads: 32, ..T5Config::small(2048, 24, 32_128) };
    let tokenizer = TextTokenizer::train(["some words"], 8)?;
    let encoder = config.init::<Flex>(7, &FlexDevice)?;
    let set = WeightSet::Model;
    save_text_encoder(&encoder, &config, &tokenizer, path, set, DType::BF16)?;
    Ok(())
}

fn load(path: &Path, format: NumberFormat) -> Result<(), Box<dyn Error>> {
    let dtype = format.dtype();
    if path.is_dir() {
        let files = TextEncoderFiles::open(path, WeightSet::Model)?;
        let parameters = files.config.parameters();
        return compare(&path.join(WEIGHTS_FILE), parameters, dtype, || {
            Ok(files.load::<Flex>(dtype, &FlexDevice)?)
        });
    }
    let (file, config) = (TensorFile::open(path)?, Preset::Xl.config(1000));
    compare(path, config.parameters(), dtype, || {
        Ok(load_model::<Flex>(&file, &config, format, &FlexDevice)?)
    })
}

/// Loads a file of so many parameters, and reads it without doing anything with it.
fn compare<T>(
    path: &Path,
    parameters: u64,
    dtype: Format,
    load: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let weights = parameters * dtype.size() as u64;
    // Once before: what is measured is reading what is in memory already.
    read_in_chunks(path)?;
    let (reading, _) = measured(|| read_in_chunks(path))?;
    let (memory, memory_cpu) = measured(|| {
        touch(weights as usize);
        Ok(())
    })?;
    let mut loaded = None;
    let (loading, cpu) = measured(|| {
        loaded = Some(load()?);
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
    drop(loaded);
    Ok(())
}

/// Seconds by the clock and of all processors that something takes.
fn measured(
    run: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(f64, f64), Box<dyn Error>> {
    let (started, before) = (Instant::now(), processor_seconds()?);
    run()?;
    Ok((started.elapsed().as_secs_f64(), processor_seconds()? - before))
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
