//! Which files a folder holds, and which images each one shows.

use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};
use sha2::{Digest, Sha256};

use super::LayoutArgument;
use crate::Result;
use crate::caption_images::CaptionRequest;
use crate::prompts::file::wrong;
use crate::recipe_bounds::{MAX_IMAGES, MAX_PROMPTS};

/// Everything a finished folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whose layout it is.
    pub layout: LayoutArgument,
    /// The pictures, prompt by prompt.
    pub files: Vec<PlannedFile>,
    /// Texts beside them: paths within the folder, contents, and the number of their prompt.
    pub texts: Vec<PlannedText>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Number of its prompt, from 0.
    pub prompt: usize,
    /// What it shows.
    pub caption: String,
    /// Which images.
    pub images: Images,
}

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedText {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Number of its prompt, from 0.
    pub prompt: usize,
    /// What it says.
    pub content: String,
}

/// The images of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// One, by its number within the prompt.
    One(u64),
    /// Numbers 0 to 3 in a square: top left, top right, bottom left, bottom right.
    Square,
}

impl Images {
    /// Numbers of the images within the prompt.
    pub fn numbers(self) -> std::ops::Range<u64> {
        match self {
            Self::One(number) => number..number + 1,
            Self::Square => 0..4,
        }
    }

    /// Height and width of the picture in pixels, from those of an image.
    pub fn size(self, [height, width]: [usize; 2]) -> [usize; 2] {
        match self {
            Self::One(_) => [height, width],
            Self::Square => [2 * height, 2 * width],
        }
    }

    /// The picture of its images, which are of one size.
    ///
    /// # Panics
    /// If there are not as many as [`numbers`](Self::numbers).
    pub fn lay_out(self, images: &[RgbImage]) -> RgbImage {
        let (width, height) = images[0].dimensions();
        match self {
            Self::One(_) => images[0].clone(),
            Self::Square => {
                let mut square = RgbImage::new(2 * width, 2 * height);
                for (index, image) in images[..4].iter().enumerate() {
                    let (row, column) = (index as u32 / 2, index as u32 % 2);
                    let (left, top) = (column * width, row * height);
                    imageops::replace(&mut square, image, left.into(), top.into());
                }
                square
            }
        }
    }
}

impl PlannedFile {
    /// The images to draw for it.
    pub fn requests(&self, seed: u64) -> impl Iterator<Item = CaptionRequest> {
        self.images.numbers().map(move |number| CaptionRequest {
            caption: self.caption.clone(),
            seed,
            number,
        })
    }
}

impl Plan {
    /// The first 16 hex digits of the SHA-256 of all paths, captions and texts: the same for the same
    /// prompts, wherever their file is.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |path: &Path, text: &str| {
            for part in [path.to_string_lossy().as_bytes(), text.as_bytes()] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        };
        for file in &self.files {
            add(&file.path, &file.caption);
        }
        for text in &self.texts {
            add(&text.path, &text.content);
        }
        let digest = hash.finalize();
        let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
        format!("{first:016x}")
    }

    /// Whether the evaluator reads a file of this path within the folder: then it must be planned.
    pub fn evaluator_reads(&self, path: &Path) -> bool {
        let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap_or("")).collect();
        match self.layout {
            // It skips folders whose names are not digits; `grid.png` is allowed in the others.
            LayoutArgument::Geneval => {
                let digits = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
                parts.len() > 1 && digits(parts[0]) && parts[1..] != ["grid.png"]
            }
            // It reads all there is, and writes its own results there.
            LayoutArgument::Dpg => !(parts.len() == 1 && parts[0].starts_with("dpg-bench_")),
            LayoutArgument::T2iCompbench => parts[0] == "samples",
            LayoutArgument::Coco => true,
        }
    }
}

/// Checks that the images of all lines of a file of prompts can be planned.
///
/// # Errors
/// [`crate::Error::Prompts`] if there would be more than one call draws.
pub(super) fn check_amount(prompts: &Path, lines: &[String], images: u64) -> Result<()> {
    let bytes: usize = lines.iter().map(String::len).sum();
    let (files, bytes) = (lines.len() as u64 * images, bytes as u64 * images);
    if files <= MAX_IMAGES && bytes <= MAX_PROMPTS {
        return Ok(());
    }
    let reason = format!(
        "its prompts make {files} images and {bytes} bytes of captions; at most {MAX_IMAGES} and \
         {MAX_PROMPTS} are drawn at once: take fewer --images, or cut the file into parts"
    );
    Err(wrong(prompts, "", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(layout: LayoutArgument) -> Plan {
        Plan {
            layout,
            files: vec![PlannedFile {
                path: "a.png".into(),
                prompt: 0,
                caption: "a cat".to_owned(),
                images: Images::Square,
            }],
            texts: Vec::new(),
        }
    }

    #[test]
    fn a_square_is_read_like_a_page() {
        let image = |level: u8| RgbImage::from_pixel(3, 2, image::Rgb([level; 3]));
        let square = Images::Square.lay_out(&[image(1), image(2), image(3), image(4)]);
        assert_eq!(square.dimensions(), (6, 4));
        let at = |x, y| square.get_pixel(x, y).0[0];
        assert_eq!([at(0, 0), at(5, 0), at(0, 3), at(5, 3)], [1, 2, 3, 4]);
        assert_eq!([at(2, 1), at(3, 1), at(2, 2), at(3, 2)], [1, 2, 3, 4]);
        assert_eq!(Images::Square.size([2, 3]), [4, 6]);
    }

    #[test]
    fn requests_name_seed_caption_and_number_alone() {
        let plan = plan_of(LayoutArgument::Dpg);
        let requests: Vec<_> = plan.files[0].requests(7).collect();
        assert_eq!(requests.len(), 4);
        assert_eq!((requests[2].seed, requests[2].number), (7, 2));
        assert_eq!(requests[2].caption, "a cat");
    }

    #[test]
    fn the_hash_tells_prompts_apart() {
        let plan = plan_of(LayoutArgument::Coco);
        let mut other = plan.clone();
        assert_eq!(plan.hash(), other.hash());
        other.files[0].caption = "a dog".to_owned();
        assert_ne!(plan.hash(), other.hash());
    }

    #[test]
    fn endless_lists_of_images_are_not_planned() {
        let lines = vec!["a".repeat(100); 10];
        check_amount(Path::new("p"), &lines, 100_000).unwrap();
        let many = check_amount(Path::new("p"), &lines, 1_000_000).unwrap_err().to_string();
        assert!(many.contains("10000000 images and 1000000000 bytes"), "{many}");
    }

    #[test]
    fn each_evaluator_reads_its_own_files() {
        for (layout, path, read) in [
            (LayoutArgument::Geneval, "00001/samples/x.txt", true),
            (LayoutArgument::Geneval, "00001/grid.png", false),
            (LayoutArgument::Geneval, "results/x.png", false),
            (LayoutArgument::Geneval, "results.jsonl", false),
            (LayoutArgument::Dpg, "notes.txt", true),
            (LayoutArgument::Dpg, "dpg-bench_20250101-000000_results.txt", false),
            (LayoutArgument::T2iCompbench, "samples/x.png", true),
            (LayoutArgument::T2iCompbench, "annotation_blip/vqa_result.json", false),
            (LayoutArgument::Coco, "x.png", true),
        ] {
            let reads = plan_of(layout).evaluator_reads(Path::new(path));
            assert_eq!(reads, read, "{layout:?} {path}");
        }
    }
}
