//! Names in a certificate: none of them tells where its owner's files lie.

use std::path::{Component, Path};

use crate::measurement::facts::{Facts, SideFacts};
use crate::recipe::{DEMO, TEXT_DEMO};

/// Shortens the names of all data: a path below the working folder stays, of any other the last part is left.
pub(super) fn make(facts: &mut Facts) {
    let Facts { reference, train, held_out, .. } = facts;
    for side in [Some(reference), train.as_mut(), held_out.as_mut()].into_iter().flatten() {
        let SideFacts { name, .. } = side;
        *name = portable(name);
    }
}

/// Whether a model comes with the program.
pub(super) fn is_shipped_model(name: &str) -> bool {
    [DEMO, TEXT_DEMO].contains(&name)
}

/// Whether data come with the program.
pub(super) fn is_shipped(name: &str) -> bool {
    let shipped = name.strip_prefix("assets/");
    shipped.is_some_and(|name| pixelflow_assets::files_of(name).next().is_some())
}

fn portable(name: &str) -> String {
    let path = Path::new(name);
    let parts = |path: &Path| -> Option<Vec<String>> {
        let part = |part: Component<'_>| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        };
        path.components().filter(|part| *part != Component::CurDir).map(part).collect()
    };
    // What is shipped may have been found in a folder above, or in the cache.
    let shipped = path.ancestors().filter_map(|folder| {
        let end = path.strip_prefix(folder.parent()?).ok()?;
        parts(end).map(|parts| parts.join("/")).filter(|name| is_shipped(name))
    });
    if let Some(name) = shipped.last() {
        return name;
    }
    let last = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    parts(path).map_or_else(last, |parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_tells_where_its_owner_s_files_lie() {
        for (name, expected) in [
            ("real.tar", "real.tar"),
            ("./data/real", "data/real"),
            ("/home/ann/secret/real.tar", "real.tar"),
            ("../secret/real", "real"),
            ("data/../../real", "real"),
            ("/home/ann/pixelflow/assets/demo/heroes.tar", "assets/demo/heroes.tar"),
            ("assets/demo/heroes.tar", "assets/demo/heroes.tar"),
            ("/home/ann/assets/mine.tar", "mine.tar"),
        ] {
            assert_eq!(portable(name), expected, "{name}");
        }
    }
}
