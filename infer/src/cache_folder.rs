//! The folder of what can be made again: states of prompts, unpacked files.

use std::path::PathBuf;

/// `PIXELFLOW_CACHE`, else the folder `pixelflow` in the user's cache folder; `None` where the system
/// has no such folder.
pub fn cache_folder() -> Option<PathBuf> {
    match std::env::var_os("PIXELFLOW_CACHE").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(dirs::cache_dir()?.join("pixelflow")),
    }
}
