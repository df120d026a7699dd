//! The shipped files inside the program: models, images and recipes of this folder as bytes.

/// A shipped file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path in the folder `assets`, with `/` between the parts.
    pub name: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// The table of [`ASSETS`]: each path once.
macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        &[$(Asset { name: $name, bytes: include_bytes!(concat!("../", $name)) }),+]
    };
}

/// Every shipped file.
pub static ASSETS: &[Asset] = embedded![
    "curves/demo.json",
    "curves/smoke.json",
    "demo/heroes-heldout.tar",
    "demo/heroes.tar",
    "demo/model/config.json",
    "demo/model/model.safetensors",
    "demo-text/model/config.json",
    "demo-text/model/model.safetensors",
    "demo-text/model/text_encoder/config.json",
    "demo-text/model/text_encoder/model.safetensors",
    "demo-text/model/text_encoder/tokenizer.json",
    "efficientnet-lite0/model.safetensors",
    "fashion-mnist/model/config.json",
    "fashion-mnist/model/model.safetensors",
    "recipes/ablation.toml",
    "recipes/demo-text.toml",
    "recipes/demo.toml",
    "recipes/fashion-mnist.toml",
    "recipes/guidance-constant.toml",
    "recipes/guidance-stage-wise.toml",
    "recipes/imagenet-256-xl.toml",
    "recipes/kickoff-2x2.toml",
    "recipes/kickoff-32x32.toml",
    "recipes/kickoff-8x8.toml",
    "recipes/patch-4.toml",
    "recipes/patch-8.toml",
    "recipes/sampler-dopri5.toml",
    "recipes/sampler-euler.toml",
    "recipes/smoke.toml",
];

/// The file `name`, or all files of the folder `name`; nothing if it is not shipped.
pub fn files_of(name: &str) -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter().filter(move |asset| {
        let rest = asset.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(name: &str) -> Vec<&str> {
        files_of(name).map(|asset| asset.name).collect()
    }

    #[test]
    fn a_name_is_a_file_or_a_whole_folder() {
        assert_eq!(names_of("demo/heroes.tar"), ["demo/heroes.tar"]);
        let model = ["demo/model/config.json", "demo/model/model.safetensors"];
        assert_eq!(names_of("demo/model"), model);
        for unknown in ["demo/mod", "", "heroes.tar", "demo/heroes.tar/x"] {
            assert!(names_of(unknown).is_empty(), "{unknown}");
        }
    }

    #[test]
    fn every_recipe_and_every_file_of_a_model_is_embedded() {
        fn collect(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { collect(&path, into) } else { into.push(path) }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["curves", "recipes", "demo/model", "demo-text/model", "fashion-mnist/model"]
        {
            let mut there = Vec::new();
            collect(&root.join(folder), &mut there);
            there.sort();
            let mut embedded: Vec<_> =
                names_of(folder).iter().map(|name| root.join(name)).collect();
            embedded.sort();
            assert_eq!(embedded, there);
        }
    }
}
