//! Every form of images comes as RGB, and what is none is refused by name.

use std::fs;

use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgba};
use npyz::WriterBuilder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// An `.npz` with one array as `arr_0`, and labels.
fn npz<T: npyz::AutoSerialize + Copy>(
    path: &Path,
    [name, labels]: [&str; 2],
    shape: &[u64],
    values: &[T],
    method: CompressionMethod,
) {
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(method);
    archive.start_file(format!("{name}.npy"), options).unwrap();
    let header = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut array = header.writer(&mut archive).begin_nd().unwrap();
    array.extend(values.iter().copied()).unwrap();
    array.finish().unwrap();
    if !labels.is_empty() {
        archive.start_file(format!("{labels}.npy"), options).unwrap();
        let header = npyz::WriteOptions::new().default_dtype().shape(&shape[..1]);
        let mut array = header.writer(&mut archive).begin_nd().unwrap();
        array.extend((0..shape[0]).map(u64::cast_signed)).unwrap();
        array.finish().unwrap();
    }
    archive.finish().unwrap();
}

const STORED: CompressionMethod = CompressionMethod::Stored;

/// Writes a grey PNG, and one with transparency in 16 bits.
fn pngs(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let grey = GrayImage::from_pixel(3, 2, Luma([7]));
    grey.save(folder.join("a.png")).unwrap();
    let pixel = Rgba([0x1234_u16, 0x8080, 0xffff, 0x0100]);
    let deep = DynamicImage::ImageRgba16(ImageBuffer::from_pixel(3, 2, pixel));
    deep.save(folder.join("b.png")).unwrap();
}

fn pixel(images: &dyn Images, index: usize) -> [u8; 3] {
    let image = images.read(index).unwrap();
    assert_eq!((image.channels(), image.data().len()), (3, 18));
    image.data()[..3].try_into().unwrap()
}

fn message(path: &Path) -> String {
    open(path).err().expect("it is refused").to_string()
}

#[test]
fn grey_deep_and_transparent_images_become_rgb_by_one_rule() {
    let folder = tempfile::tempdir().unwrap();
    pngs(folder.path());
    fs::write(folder.path().join("notes.txt"), "").unwrap();
    let images = open(folder.path()).unwrap();
    assert_eq!((images.len(), images.label(0), images.classes()), (2, None, 0));
    assert_eq!((pixel(&*images, 0), pixel(&*images, 1)), ([7; 3], [0x12, 0x80, 0xff]));
    let left_out = images.left_out();
    assert!(left_out.count() == 1 && left_out.first().contains("notes.txt"), "{left_out}");
}

#[test]
fn class_folders_and_tars_have_labels_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        pngs(&folder.path().join("classes").join(class));
    }
    let images = open(&folder.path().join("classes")).unwrap();
    assert_eq!((images.len(), images.classes(), images.label(3)), (4, 2, Some(1)));

    let tar_of = |name: &str, files: &[&str]| {
        let path = folder.path().join(name);
        let mut tar = tar::Builder::new(fs::File::create(&path).unwrap());
        for file in files {
            let from = folder.path().join("classes/cat").join(&file[1..]);
            fs::write(from.with_extension("cls"), "2").unwrap();
            tar.append_path_with_name(&from, file).unwrap();
        }
        tar.finish().unwrap();
        path
    };
    let plain = open(&tar_of("plain.tar", &["1a.png", "2b.png"])).unwrap();
    assert_eq!((plain.len(), plain.label(0), plain.classes()), (2, None, 0));
    assert_eq!(pixel(&*plain, 0), [7; 3]);
    let labelled = open(&tar_of("labelled.tar", &["1a.png", "1a.cls"])).unwrap();
    assert_eq!((labelled.len(), labelled.label(0)), (1, Some(2)));
}

#[test]
fn arrays_have_images_and_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.npz");
    let values: Vec<u8> = (0..2 * 18).collect();
    npz(&path, ["arr_0", "arr_1"], &[2, 2, 3, 3], &values, STORED);
    let images = open(&path).unwrap();
    assert_eq!((images.len(), images.label(1), images.classes()), (2, Some(1), 2));
    assert_eq!((pixel(&*images, 0), pixel(&*images, 1)), ([0, 1, 2], [18, 19, 20]));
    let hash = data_hash(&*images).unwrap();
    npz(&path, ["arr_0", ""], &[2, 2, 3, 3], &values, STORED);
    let without_labels = open(&path).unwrap();
    assert_eq!(without_labels.label(0), None);
    assert_eq!(data_hash(&*without_labels).unwrap(), hash);
    npz(
        &path,
        ["arr_0", ""],
        &[2, 2, 3, 3],
        &values.iter().map(|v| v / 2).collect::<Vec<_>>(),
        STORED,
    );
    let others = open(&path).unwrap();
    assert_ne!(data_hash(&*others).unwrap(), hash);
}

#[test]
fn arrays_that_are_no_images_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.npz");
    let bytes = [0_u8; 36];
    npz(&path, ["images", ""], &[2, 2, 3, 3], &bytes, STORED);
    assert!(
        message(&path).contains("images are in `arr_0`, and it has images"),
        "{}",
        message(&path)
    );
    npz(&path, ["arr_0", ""], &[2, 3, 2, 3], &[0.0_f32; 36], STORED);
    assert!(
        message(&path).contains("has the type '<f4', and images are uint8"),
        "{}",
        message(&path)
    );
    npz(&path, ["arr_0", ""], &[2, 18], &bytes, STORED);
    assert!(message(&path).contains("images are [n, height, width, 3]"), "{}", message(&path));
    npz(&path, ["arr_0", ""], &[0, 2, 3, 3], &[0_u8; 0], STORED);
    assert!(message(&path).contains("it has no images"), "{}", message(&path));
    npz(&path, ["arr_0", ""], &[2, 2, 3, 3], &bytes, CompressionMethod::Deflated);
    assert!(
        message(&path).contains("is compressed; write it with numpy.savez"),
        "{}",
        message(&path)
    );
    fs::write(&path, "no archive").unwrap();
    assert!(message(&path).contains("it is no .npz that is whole"), "{}", message(&path));
}

#[test]
fn what_holds_no_images_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "").unwrap();
    for (path, reason) in [
        (&empty, "no class folders"),
        (&text, "it is a file of another kind"),
        (&folder.path().join("nowhere"), "it does not exist"),
    ] {
        let message = message(path);
        assert!(message.contains("holds no images") && message.contains(reason), "{message}");
    }
    fs::write(empty.join("a.png"), "no picture").unwrap();
    let broken = open(&empty).unwrap().read(0).unwrap_err().to_string();
    assert!(broken.contains("a.png is not a readable image"), "{broken}");
}
