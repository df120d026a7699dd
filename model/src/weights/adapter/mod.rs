//! Low-rank adapters (`LoRA`, Hu et al., arXiv 2106.09685): small files that change a model.
//!
//! A file has, for matrices `W` of linear layers, two thin matrices `A` and `B`; the model then computes with
//! `W + scale alpha / rank B A`. They are added as the weights are read: drawing costs nothing more. It may also
//! have the whole table of classes, where classes were learned. Files are as PEFT writes them.

mod base;
mod config;
mod low_rank;
#[cfg(feature = "save")]
mod save;
#[cfg(all(test, feature = "flex", feature = "save"))]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::base::AdapterBase;
pub use self::config::AdapterConfig;
pub use self::low_rank::LowRank;
#[cfg(feature = "save")]
pub use self::save::save_adapter;
use super::model_folder::{
    CHECKPOINTS_FOLDER, WEIGHTS_FILE, checkpoint_name, checkpoint_steps, name_of,
};
use super::{ModelDescription, TensorFile, WeightSet, WeightsError, file_hash};
use crate::PixelFlowConfig;
use crate::plain_text::{self, MAX_DESCRIPTION};

/// The file of an adapter in its folder.
pub const ADAPTER_FILE: &str = "adapter_model.safetensors";
/// What is said of it, beside it.
pub const ADAPTER_CONFIG_FILE: &str = "adapter_config.json";
/// The folder of an adapter in a checkpoint's.
pub const ADAPTER_FOLDER: &str = "adapter";
/// What PEFT puts before names.
const PREFIX: &str = "base_model.model.";
/// The table of classes.
const CLASS_TABLE: &str = "class_embedder.embedding_table.weight";

/// A low-rank adapter, read.
#[derive(Clone, Debug)]
pub struct Adapter {
    path: PathBuf,
    file: PathBuf,
    hash: String,
    scale: f64,
    config: AdapterConfig,
    /// By the name of the matrix.
    products: Arc<BTreeMap<String, LowRank>>,
    /// The table of classes, `[classes + 1, width]`.
    classes: Option<Arc<[f32]>>,
    /// Its width.
    class_width: usize,
}

impl Adapter {
    /// The adapter in a file, with `adapter_config.json` beside it; in a folder of both; in a checkpoint; or in the
    /// newest checkpoint of a run.
    ///
    /// # Errors
    /// [`WeightsError::Adapter`] for what is none, or is of a kind that is not known here; those about files.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let file_path = adapter_at(path)?;
        let config_path = file_path.with_file_name(ADAPTER_CONFIG_FILE);
        let unfit = |reason: String| WeightsError::Adapter { path: path.to_owned(), reason };
        let file = TensorFile::open_torch(&file_path, WeightSet::Model)?;
        if !config_path.is_file() {
            let path = config_path.display();
            return Err(unfit(format!(
                "{path}, which says what it is, is not there or is no file"
            )));
        }
        let text = plain_text::read(&config_path, MAX_DESCRIPTION).map_err(|error| {
            unfit(format!(
                "{}, which says what it is, cannot be read: {error}",
                config_path.display()
            ))
        })?;
        let mut config: AdapterConfig = serde_json::from_str(&text)
            .map_err(|error| unfit(format!("{}: {error}", config_path.display())))?;
        config.base = AdapterBase::read(file.metadata());
        if let Some(unknown) = config.unknown() {
            return Err(unfit(format!("in {} {unknown}", config_path.display())));
        }
        let mut adapter = Self {
            path: path.to_owned(),
            hash: file_hash(&[file_path.clone(), config_path])?,
            file: file_path,
            scale: 1.0,
            config,
            products: Arc::default(),
            classes: None,
            class_width: 0,
        };
        adapter.read(&file)?;
        Ok(adapter)
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), WeightsError> {
        let path = self.path.clone();
        let unfit = |reason: String| WeightsError::Adapter { path: path.clone(), reason };
        let values = |name: &str| -> Result<Vec<f32>, WeightsError> {
            let data = file.read_in(name, burn::tensor::DType::F32, false)?;
            Ok(data.into_vec().expect("it was asked for in f32"))
        };
        let (mut halves, mut products) = (0, BTreeMap::new());
        for (name, info) in file.tensors() {
            let plain = name.strip_prefix(PREFIX).unwrap_or(name);
            if plain == CLASS_TABLE {
                if info.shape.len() != 2 || self.classes.is_some() {
                    return Err(unfit(format!(
                        "`{name}` is no table of classes, or there are two"
                    )));
                }
                self.class_width = info.shape[1];
                self.classes = Some(values(name)?.into());
            } else if let Some(module) = plain.strip_suffix(".lora_A.weight") {
                let of_b = name.replace(".lora_A.", ".lora_B.");
                let Some(b) = file.tensors().get(&of_b) else {
                    return Err(unfit(format!("it has `{name}` without `{of_b}`")));
                };
                let ([rank, _], [_, columns]) = (matrix(&info.shape), matrix(&b.shape));
                if rank == 0 || rank != columns {
                    let shapes = format!("{:?} and {:?}", info.shape, b.shape);
                    return Err(unfit(format!("`{name}` and `{of_b}` are {shapes}: no product")));
                }
                let product = LowRank { a: values(name)?, b: values(&of_b)?, rank };
                if rank != self.config.r && !self.config.has_ranks() {
                    let r = self.config.r;
                    return Err(unfit(format!("`{name}` is of rank {rank}, and r is {r}")));
                }
                if products.insert(format!("{module}.weight"), product).is_some() {
                    return Err(unfit(format!("it has `{module}` twice")));
                }
            } else if plain.ends_with(".lora_B.weight") {
                halves += 1;
            } else {
                return Err(unfit(format!(
                    "`{name}` is no part of an adapter, which has `MODULE.lora_A.weight`, \
                     `MODULE.lora_B.weight` and perhaps `{CLASS_TABLE}`"
                )));
            }
        }
        if halves != products.len() {
            return Err(unfit("it has a `lora_B` without its `lora_A`".to_owned()));
        }
        if products.is_empty() && self.classes.is_none() {
            return Err(unfit("it is empty".to_owned()));
        }
        self.products = Arc::new(products);
        Ok(())
    }

    /// The same, counting `scale` times as much.
    #[must_use]
    pub fn with_scale(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    /// How much it counts.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The name by which a picture remembers it: of its folder or file, never where that lies.
    pub fn name(&self) -> String {
        let file = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
        let folder = file.parent().unwrap_or(Path::new(""));
        // That of a run is called as its checkpoint is.
        if folder.file_name().is_some_and(|name| name == ADAPTER_FOLDER) {
            return name_of(&folder.with_file_name(WEIGHTS_FILE));
        }
        let is_usual = file.file_name().is_some_and(|name| name == ADAPTER_FILE);
        let named = if is_usual { file.parent() } else { Some(file.as_path()) };
        let name = named.and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first 16 hex digits of the SHA-256 of its files.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What is said of it.
    pub fn config(&self) -> &AdapterConfig {
        &self.config
    }

    /// Its products by the names of their matrices.
    pub fn products(&self) -> &BTreeMap<String, LowRank> {
        &self.products
    }

    /// Its table of classes, if it has one.
    pub fn class_table(&self) -> Option<&[f32]> {
        self.classes.as_deref()
    }

    /// The description of a model with this adapter: it may have other classes.
    ///
    /// # Errors
    /// [`WeightsError::Adapter`] for a table of classes that does not fit.
    pub fn describe(&self, model: ModelDescription) -> Result<ModelDescription, WeightsError> {
        let Some(table) = &self.classes else {
            return Ok(model);
        };
        let unfit = |reason: String| WeightsError::Adapter { path: self.path.clone(), reason };
        let width = model.model.width();
        if model.is_text() {
            return Err(unfit("it has classes, and the model draws from text".to_owned()));
        }
        if self.class_width != width || table.len() / width < 2 {
            return Err(unfit(format!("its table of classes is not of width {width}")));
        }
        let num_classes = table.len() / width - 1;
        if let Some(names) = &self.config.class_names
            && names.len() != num_classes
        {
            let names = names.len();
            return Err(unfit(format!("it names {names} classes, and has {num_classes}")));
        }
        let mut names = self.config.class_names.clone().unwrap_or_default();
        names.sort();
        if names.iter().any(String::is_empty) || names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(unfit("its classes have no names, or the same twice".to_owned()));
        }
        let class_names = match &self.config.class_names {
            None if num_classes == model.model.num_classes => model.class_names,
            names => names.clone(),
        };
        let config = PixelFlowConfig { num_classes, ..model.model };
        Ok(ModelDescription { model: config, class_names, ..model })
    }

    /// Refuses a model without the matrices that it changes.
    ///
    /// # Errors
    /// [`WeightsError::Adapter`].
    pub fn check_fits(&self, model: &TensorFile) -> Result<(), WeightsError> {
        for (name, product) in self.products.iter() {
            let reason = match model.tensors().get(name) {
                None => format!("it changes `{name}`, which the model does not have"),
                Some(info) if info.shape != product.shape() => format!(
                    "it changes `{name}` of {:?}, which is {:?} in the model",
                    product.shape(),
                    info.shape
                ),
                Some(info) if info.dtype == super::DType::I8 => format!(
                    "`{name}` is in int8 in {}; take the weights in floats that it was made of",
                    model.path().display()
                ),
                Some(_) => continue,
            };
            return Err(WeightsError::Adapter { path: self.path.clone(), reason });
        }
        Ok(())
    }

    /// Whether it changes a parameter.
    pub(super) fn changes(&self, name: &str) -> bool {
        self.products.contains_key(name) || (name == CLASS_TABLE && self.classes.is_some())
    }

    /// Whether a parameter is in the adapter as a whole.
    pub(super) fn replaces(&self, name: &str) -> bool {
        name == CLASS_TABLE && self.classes.is_some()
    }

    /// Changes the values of a parameter.
    pub(super) fn apply(&self, name: &str, values: &mut Vec<f32>) {
        if let Some(product) = self.products.get(name) {
            product.add_to(values, self.scale * self.config.factor(product.rank));
        }
        if let Some(table) = self.classes.as_ref().filter(|_| name == CLASS_TABLE) {
            *values = table.to_vec();
        }
    }
}

/// The file of an adapter at a path.
fn adapter_at(path: &Path) -> Result<PathBuf, WeightsError> {
    let open = |source| WeightsError::Open { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(open)?.is_dir() {
        return Ok(path.to_owned());
    }
    let checkpoints = path.join(CHECKPOINTS_FOLDER);
    let newest = if checkpoints.is_dir() {
        checkpoint_steps(&checkpoints).map_err(open)?.pop()
    } else {
        None
    };
    let folder =
        newest.map_or_else(|| path.to_owned(), |step| checkpoints.join(checkpoint_name(step)));
    let places = [folder.join(ADAPTER_FILE), folder.join(ADAPTER_FOLDER).join(ADAPTER_FILE)];
    places.into_iter().find(|file| file.is_file()).ok_or_else(|| WeightsError::Adapter {
        path: path.to_owned(),
        reason: format!("the folder has no {ADAPTER_FILE}, nor {ADAPTER_FOLDER}/{ADAPTER_FILE}"),
    })
}

/// Rows and columns; zeros for what is no matrix.
fn matrix(shape: &[usize]) -> [usize; 2] {
    shape.try_into().unwrap_or([0, 0])
}
