//! Folders of small real images, and what can happen to them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use image::RgbImage;
use serde_json::Value;

/// A shipped image and its class.
#[derive(Clone)]
pub struct Record {
    pub image: RgbImage,
    pub class: String,
}

/// The images of a shipped tar, 32 x 32 pixels, at these places.
pub fn shipped(name: &str, places: std::ops::Range<usize>) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo").join(name);
    let mut files: BTreeMap<String, [Vec<u8>; 2]> = BTreeMap::new();
    for entry in tar::Archive::new(File::open(path).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let (stem, ending) = name.split_once('.').unwrap();
        let place = usize::from(ending == "json");
        entry.read_to_end(&mut files.entry(stem.to_owned()).or_default()[place]).unwrap();
    }
    let record = |[image, text]: [Vec<u8>; 2]| {
        let json: Value = serde_json::from_slice(&text).unwrap();
        let image = image::load_from_memory(&image).unwrap().into_rgb8();
        Record { image, class: json["label"].as_str().unwrap().to_owned() }
    };
    let files = files.into_values().skip(places.start).take(places.len());
    files.map(record).collect()
}

/// Writes a folder of PNGs.
pub fn write(folder: &Path, records: impl IntoIterator<Item = RgbImage>) {
    fs::create_dir_all(folder).unwrap();
    for (number, image) in records.into_iter().enumerate() {
        image.save(folder.join(format!("{number:03}.png"))).unwrap();
    }
}

/// Writes a folder for each class.
pub fn write_classes(folder: &Path, records: &[Record]) {
    for (number, record) in records.iter().enumerate() {
        let class = folder.join(&record.class);
        fs::create_dir_all(&class).unwrap();
        record.image.save(class.join(format!("{number:03}.png"))).unwrap();
    }
}

/// All images went through a change.
pub fn changed(records: &[Record], change: impl Fn(usize, &RgbImage) -> RgbImage) -> Vec<RgbImage> {
    records.iter().enumerate().map(|(number, record)| change(number, &record.image)).collect()
}

/// Adds noise of a generator that remembers nothing but its place.
pub fn noisy(number: usize, image: &RgbImage) -> RgbImage {
    let mut state = number as u32 + 1;
    let mut image = image.clone();
    for byte in image.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = byte.saturating_add_signed(((state >> 24) as i32 - 128).div_euclid(4) as i8);
    }
    image
}
