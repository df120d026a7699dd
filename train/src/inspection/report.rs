//! What inspecting a data set found, for people and as JSON.

use std::fmt::{self, Display, Formatter};

use pixelflow_dataset::Source;
use pixelflow_host::output::one_line;
use serde::Serialize;

use super::captions::Captions;
use super::copies::Copies;
use super::sizes::Sizes;

/// A class and how many images it has.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Class {
    /// Its name.
    pub name: String,
    /// Its images.
    pub images: usize,
}

impl Class {
    /// The classes of a data set, in the order of the labels.
    pub fn all(source: &dyn Source) -> Option<Vec<Self>> {
        let name = |name: &String| Self { name: name.clone(), images: 0 };
        let mut classes: Vec<Self> = source.classes().iter().map(name).collect();
        (0..source.len()).for_each(|number| classes[source.identity(number).1].images += 1);
        (!classes.is_empty()).then_some(classes)
    }
}

/// What inspecting a data set found.
#[derive(Debug, Serialize)]
pub(super) struct Inspection {
    /// Where it lies.
    pub data: String,
    /// How many records it has.
    pub records: usize,
    /// Whether all were looked at.
    pub is_whole: bool,
    /// Images that were decoded.
    pub usable: usize,
    /// Records whose image cannot be decoded.
    pub unusable: usize,
    /// The first of them, with the reason.
    pub first_unusable: Vec<String>,
    /// Files that are no records.
    pub left_out: usize,
    /// The first of them, with the reason.
    pub first_left_out: String,
    /// The classes, where there are labels.
    pub classes: Option<Vec<Class>>,
    /// Why there are none.
    pub without_labels: Option<String>,
    /// The captions, where there are any.
    pub captions: Option<Captions>,
    /// How large the images are.
    pub sizes: Sizes,
    /// Images that are grey.
    pub grey: usize,
    /// Images with transparency, which training drops.
    pub transparent: usize,
    /// Images whose metadata say that they are to be turned, which training does not do.
    pub turned: usize,
    /// Images that are equal to others.
    pub copies: Copies,
    /// Validation images that are among these, if there were any to compare with.
    pub in_training_too: Option<Copies>,
    /// Images that were decoded in a second.
    pub images_per_second: f64,
}

impl Inspection {
    /// Whether nothing was found that training would suffer from.
    pub fn is_sound(&self) -> bool {
        self.problems().is_empty()
    }
}

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let line = |f: &mut Formatter<'_>, name: &str, text: &dyn Display| {
            writeln!(f, "  {name:<12} {}", one_line(text))
        };
        writeln!(f, "{}", one_line(&self.data))?;
        let speed = format!("{:.0} decoded a second", self.images_per_second);
        line(f, "images", &format!("{} of {} records; {speed}", self.usable, self.records))?;
        self.name_classes(f, &line)?;
        match &self.captions {
            None => line(f, "captions", &"none")?,
            Some(Captions {
                count,
                different,
                images_without,
                words: [least, median, most],
                ..
            }) => {
                let words = format!("{least} to {most} words, half of them up to {median}");
                let without = format!("{images_without} images without");
                line(
                    f,
                    "captions",
                    &format!("{count}, {different} different; {words}; {without}"),
                )?;
            }
        }
        self.name_sizes(f, &line)?;
        line(f, "colours", &format!("{} in colour, {} grey", self.usable - self.grey, self.grey))?;
        let problems = self.problems();
        if problems.is_empty() {
            return write!(f, "nothing was found that training would suffer from");
        }
        write!(f, "found:")?;
        problems.iter().try_for_each(|problem| write!(f, "\n  - {}", one_line(problem)))
    }
}

/// Writes a line of a name and a text.
type Line<'a> = dyn Fn(&mut Formatter<'_>, &str, &dyn Display) -> fmt::Result + 'a;

impl Inspection {
    fn name_classes(&self, f: &mut Formatter<'_>, line: &Line<'_>) -> fmt::Result {
        let Some(classes) = &self.classes else {
            let why = self.without_labels.as_deref().unwrap_or("there are none");
            return line(f, "classes", &format!("none: {why}"));
        };
        let least = classes.iter().min_by_key(|class| class.images);
        let most = classes.iter().max_by_key(|class| class.images);
        let (Some(least), Some(most)) = (least, most) else { return Ok(()) };
        let ends = format!("{} ({}) to {} ({})", least.images, least.name, most.images, most.name);
        line(f, "classes", &format!("{}, of {ends} images", classes.len()))
    }

    fn name_sizes(&self, f: &mut Formatter<'_>, line: &Line<'_>) -> fmt::Result {
        let Sizes { different, most_frequent, shorter_side, smaller_than, longest_ratio } =
            &self.sizes;
        let size = |[height, width]: &[usize; 2]| format!("{height} x {width}");
        let (Some((frequent, count)), Some([least, median, most])) = (most_frequent, shorter_side)
        else {
            return line(f, "sizes", &"no image can be used");
        };
        let frequent = format!("{} ({count})", size(frequent));
        if *different == 1 {
            return line(f, "sizes", &format!("{frequent}, height x width"));
        }
        line(f, "sizes", &format!("{different}, most often {frequent}, height x width"))?;
        let sides = format!("{least} to {most}, half of them up to {median}");
        let ratio = longest_ratio
            .as_ref()
            .map_or(String::new(), |ratio| format!("; the longest image is {}", size(ratio)));
        line(f, "shorter side", &format!("{sides}{ratio}"))?;
        let smaller: Vec<String> = smaller_than
            .iter()
            .filter(|(_, count)| **count < self.usable)
            .map(|(side, count)| format!("{count} below {side}"))
            .collect();
        if smaller.is_empty() { Ok(()) } else { line(f, "enlarged", &smaller.join(", ")) }
    }

    /// What training would suffer from, a sentence each.
    fn problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.unusable > 0 {
            let first = self.first_unusable.first().map_or("", String::as_str);
            all.push(format!("{} records cannot be used, first: {first}", self.unusable));
        }
        if self.left_out > 0 {
            all.push(format!(
                "{} files are left out, first: {}",
                self.left_out, self.first_left_out
            ));
        }
        if let Some(Captions { unreadable: unreadable @ 1.., .. }) = self.captions {
            all.push(format!("the captions of {unreadable} images cannot be read"));
        }
        if self.transparent > 0 {
            let n = self.transparent;
            all.push(format!(
                "{n} images have transparency, which is dropped: what lies under it shows"
            ));
        }
        if self.turned > 0 {
            let n = self.turned;
            all.push(format!(
                "{n} images are to be turned by their metadata (EXIF), which training does not do"
            ));
        }
        let mut copies = |what: &str, copies: &Copies| {
            if let Some([copy, original]) = copies.first.first() {
                all.push(format!("{} {what}, first: {copy} is {original}", copies.images));
            }
        };
        copies("images are copies of others, pixel for pixel", &self.copies);
        if let Some(shared) = &self.in_training_too {
            copies("validation images are training images, pixel for pixel", shared);
        }
        all
    }
}
