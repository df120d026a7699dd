//! How many images a second one thread makes ready for training: read, decoded, cropped to 256 x 256, turned, in f32.
//!
//! `cargo run --release -p pixelflow-dataset --example throughput -- FOLDER`, a folder with one folder a class;
//! `throughput.py` beside it does the same with torchvision's `ImageFolder`.

use std::sync::Arc;
use std::time::Instant;

use pixelflow_dataset::source::FolderConfig;
use pixelflow_dataset::{Source, SourceConfig, TransformConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder of images")?;
    let source: Arc<dyn Source> = SourceConfig::Folder(FolderConfig::new(folder)).open()?;
    let transform = TransformConfig { size: 256, flip: true, ..TransformConfig::default() };
    let transform = transform.build()?;
    let mut best = 0.0_f64;
    for round in 0..3 {
        let begun = Instant::now();
        let mut sum = 0.0;
        for record in 0..source.len() {
            let image = source.read(record)?;
            let fitted = transform.fit(&image.image, &image.name)?;
            sum += f64::from(transform.augment(&fitted, round, record as u64)[0]);
        }
        let rate = source.len() as f64 / begun.elapsed().as_secs_f64();
        println!("{rate:.1} images/s ({sum:.3})");
        best = best.max(rate);
    }
    println!("best {best:.1} images/s of {} images", source.len());
    Ok(())
}
