//! Statistics and features of sides that are measured again and again, in the user's cache folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};
use pixelflow_evaluation::statistics::Statistics;
use pixelflow_evaluation::{Features, Origin};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;

use super::gathered::{Gathered, ImageClasses, Keep, gather};
use super::network::Network;
use super::side::Side;
use crate::Result;
use crate::cache_folder::cache_folder;

/// Name of the one tensor of a file of features.
const FEATURES: &str = "features";
/// Bytes of features that are kept, at most: those of 125,000 images of 2048 features.
const MOST_BYTES: usize = 1 << 30;

/// Statistics, and features where they were asked for, a pair of files for each (data, weights, protocol).
///
/// It only saves time: what cannot be read is made again, what cannot be written is not kept.
#[derive(Clone, Debug)]
pub struct FeatureCache {
    folder: Option<PathBuf>,
}

impl FeatureCache {
    /// In the user's cache folder; keeps nothing where the system has none.
    pub fn of_user() -> Self {
        Self { folder: cache_folder().map(|folder| folder.join("statistics")) }
    }

    /// What was kept of these images; `None` if it is missing, damaged, or lacks what is wanted.
    pub fn get(&self, origin: &Origin, images: usize, wants_features: bool) -> Option<Gathered> {
        let statistics = Statistics::read(&self.path(origin, "npz")?).ok()?;
        if statistics.origin.as_ref() != Some(origin) {
            return None;
        }
        let columns = statistics.moments.columns();
        let features = || {
            let file = TensorFile::open(&self.path(origin, "safetensors")?).ok()?;
            let shape = &file.tensors().get(FEATURES)?.shape;
            let fits = *shape == [images, columns];
            fits.then(|| Features::new(columns, file.read(FEATURES).ok()?).ok()).flatten()
        };
        let features = if wants_features { Some(features()?) } else { None };
        Some(Gathered { features, ..Gathered::of_statistics(statistics) })
    }

    /// Keeps what was gathered of these images.
    pub fn keep(&self, origin: &Origin, gathered: &Gathered) {
        // Without room on the disk the next run gathers again; nothing else is lost.
        let _ = self.write(origin, gathered);
    }

    fn write(&self, origin: &Origin, gathered: &Gathered) -> Option<()> {
        std::fs::create_dir_all(self.folder.as_ref()?).ok()?;
        let statistics = Statistics {
            moments: gathered.moments.clone(),
            spatial: gathered.spatial.clone(),
            origin: Some(origin.clone()),
        };
        statistics.write(&self.path(origin, "npz")?).ok()?;
        let features = gathered.features.as_ref()?;
        if size_of_val(features.values()) > MOST_BYTES {
            return None;
        }
        let tensors = [(FEATURES.to_owned(), vec![features.rows(), features.columns()])];
        let path = self.path(origin, "safetensors")?;
        let writer = SafetensorsWriter::create(&path, &tensors, DType::F32, &BTreeMap::new());
        let mut writer = writer.ok()?;
        writer.push(FEATURES, features.values()).ok()?;
        writer.finish().ok()
    }

    fn path(&self, origin: &Origin, ending: &str) -> Option<PathBuf> {
        let Origin { protocol, weights, data, .. } = origin;
        let name = format!("{data}-{weights}-{protocol}.{ending}");
        Some(Path::new(self.folder.as_ref()?).join(name))
    }
}

/// Gathers all images of a side, with their hash, or finds them in the cache; `None` after Ctrl-C.
///
/// # Errors
/// [`crate::Error::Evaluation`].
///
/// # Panics
/// If the side has statistics.
pub fn gather_kept(
    side: &Side,
    network: &dyn Network,
    keep: Keep,
    name: &'static str,
    interrupt: &Interrupt,
) -> Result<Option<(Gathered, String)>> {
    let images = side.images().expect("a side with images");
    let hash = side.hash()?.to_owned();
    let origin = network.identity().origin(hash.clone());
    let cache = FeatureCache::of_user();
    if let Some(gathered) = cache.get(&origin, images.len(), keep.features) {
        let path = side.path.display();
        note(format_args!("note: what {path} needs is in the cache; it is not computed again"));
        let classes = ImageClasses::of(images, images.len());
        return Ok(Some((Gathered { classes, ..gathered }, hash)));
    }
    let gathered = gather(images, images.len(), network, keep, name, interrupt)?;
    Ok(gathered.map(|gathered| {
        cache.keep(&origin, &gathered);
        (gathered, hash)
    }))
}

#[cfg(test)]
mod tests {
    use pixelflow_evaluation::{ExactSums, Protocol};

    use super::*;

    fn gathered() -> Gathered {
        let features = Features::new(2, vec![0.0, 1.0, 2.0, 4.5]).unwrap();
        let mut sums = ExactSums::empty(2);
        sums.add(&features).unwrap();
        let moments = sums.moments().unwrap();
        Gathered { moments, spatial: None, features: Some(features), score: None, classes: None }
    }

    fn origin(data: &str) -> Origin {
        let [network, weights, data] = ["a network", "00ff", data].map(str::to_owned);
        Origin { protocol: Protocol::Adm, network, weights, data }
    }

    #[test]
    fn what_is_kept_is_found_for_its_data_weights_and_protocol_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache { folder: Some(folder.path().join("a/b")) };
        let there = |origin, images, wants| cache.get(&origin, images, wants).map(|g| g.features);
        assert_eq!(there(origin("12"), 2, true), None);
        cache.keep(&origin("12"), &gathered());
        assert_eq!(there(origin("12"), 2, true), Some(gathered().features));
        assert_eq!(there(origin("12"), 2, false), Some(None));
        let weights = "00fe".to_owned();
        let protocol = Protocol::Clean;
        for other in
            [origin("13"), Origin { weights, ..origin("12") }, Origin { protocol, ..origin("12") }]
        {
            assert!(there(other, 2, false).is_none());
        }
        assert!(there(origin("12"), 3, true).is_none());
    }

    #[test]
    fn damage_is_as_nothing_and_no_folder_is_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache { folder: Some(folder.path().to_owned()) };
        for ending in ["safetensors", "npz"] {
            cache.keep(&origin("12"), &gathered());
            std::fs::write(cache.path(&origin("12"), ending).unwrap(), "damaged").unwrap();
            assert!(cache.get(&origin("12"), 2, true).is_none(), "{ending}");
        }
        let none = FeatureCache { folder: None };
        none.keep(&origin("12"), &gathered());
        assert!(none.get(&origin("12"), 2, false).is_none());
    }
}
