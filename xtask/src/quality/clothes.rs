//! Fashion-MNIST as its model sees it: 32 x 32 pixels, in tar files with a PNG and a label for each image.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use pixelflow::durable;
use pixelflow::weights::{DESCRIPTION_FILE, ModelDescription};
use pixelflow_dataset::source::{IdxConfig, SourceConfig};
use pixelflow_dataset::{Raster, TransformConfig};
use pixelflow_host::progress::counting_bar;

/// The model that was trained on it, in the repository's folder.
pub const MODEL: &str = "assets/fashion-mnist/model";
/// 60,000 images to learn from, in the repository's folder.
pub const TRAIN: &str = "target/quality/fashion-mnist-train.tar";
/// 10,000 others.
pub const HELD_OUT: &str = "target/quality/fashion-mnist-held-out.tar";

/// Unpacks the data into the repository's target folder, unless that is done already.
///
/// # Errors
/// If the data is not there or damaged, or cannot be written.
pub fn unpack(data: &Path, root: &Path) -> Result<()> {
    // The model names the classes, in the order of their labels.
    let description = root.join(MODEL).join(DESCRIPTION_FILE);
    let classes = ModelDescription::read(&description)?.class_names.unwrap_or_default();
    for (name, folder) in [("train", TRAIN), ("t10k", HELD_OUT)] {
        let file = |kind: &str| data.join(format!("{name}-{kind}-ubyte.gz"));
        part(&file("images-idx3"), &file("labels-idx1"), &root.join(folder), &classes)?;
    }
    Ok(())
}

/// Whether it is unpacked.
pub fn is_unpacked(root: &Path) -> bool {
    [TRAIN, HELD_OUT].iter().all(|folder| root.join(folder).is_file())
}

/// Unpacks one part, in the order of the data, so that its first images are of all classes.
fn part(images: &Path, labels: &Path, out: &Path, classes: &[String]) -> Result<()> {
    if out.is_file() {
        return Ok(());
    }
    let config = IdxConfig { classes: Some(classes.to_vec()), ..IdxConfig::new(images, labels) };
    let source = SourceConfig::Idx(config).open().context("--fashion-mnist")?;
    // As the recipe has it, so that images and samples are of the same size and sharpness.
    let transform = TransformConfig { size: 32, ..TransformConfig::default() };
    let transform = transform.without_augmentation().build()?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let bar = counting_bar(source.len() as u64, "unpacking");
    let written = durable::write(out, |file| {
        let mut tar = tar::Builder::new(BufWriter::new(file));
        for index in 0..source.len() {
            let record = source.read(index).map_err(io::Error::other)?;
            let image = transform.fit(&record.image, &record.name).map_err(io::Error::other)?;
            let label = serde_json::json!({ "label": classes[record.label] }).to_string();
            append(&mut tar, &format!("{index:05}.png"), &png(&image)?)?;
            append(&mut tar, &format!("{index:05}.json"), label.as_bytes())?;
            bar.inc(1);
        }
        tar.into_inner()?.flush()
    });
    bar.finish_and_clear();
    written.with_context(|| format!("cannot write {}", out.display()))
}

fn png(image: &Raster) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let size = [image.width() as u32, image.height() as u32];
    PngEncoder::new(&mut bytes)
        .write_image(image.data(), size[0], size[1], ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

fn append<W: Write>(tar: &mut tar::Builder<W>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, bytes)
}
