//! The page of `docs/` about all settings.

use super::difference::FREE;
use super::settings::{SECTIONS, Setting};

/// The reference page of all settings, in Markdown: `docs/settings.md`.
pub fn reference_page() -> String {
    let mut lines = vec![format!(
        "# Settings of `train`\n\n\
         `cargo xtask generate` writes this page from `train/src/config/settings`.\n\n\
         Layers, each over the one before: these defaults, the recipe (`--recipe`), the command line \
         (`--set train.lr=2e-4`). A recipe may begin with `extends = \"NAME\"` to start from another one.\n\n\
         Only these may change when a run is resumed: `{}`.",
        FREE.join("`, `")
    )];
    for section in SECTIONS {
        lines.push(format!("\n## `[{}]`\n\n{}", section.name, flowing(section.documentation)));
        lines.extend(rows(section.settings, "Default"));
        for (tag, kind) in section.listed_kinds() {
            let documentation = flowing(kind.documentation);
            lines.push(format!("\n### `{tag} = \"{}\"`\n\n{documentation}", kind.name));
            lines.extend(rows(kind.settings, "Default or example"));
        }
    }
    lines.join("\n") + "\n"
}

/// Settings as a table in Markdown.
fn rows(settings: &[Setting], default: &str) -> Vec<String> {
    if settings.is_empty() {
        return Vec::new();
    }
    let head = format!("\n| Key | Value | {default} | Meaning |\n| --- | --- | --- | --- |");
    let row = |setting: &Setting| {
        let default = setting.default().map(|default| format!("`{default}`")).unwrap_or_default();
        let Setting { name, expected, documentation, .. } = setting;
        format!("| `{name}` | {expected} | {default} | {} |", flowing(documentation))
    };
    [head].into_iter().chain(settings.iter().map(row)).collect()
}

/// Lines of documentation as one.
fn flowing(lines: &str) -> String {
    lines.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == super::reference_page(),
            "docs/settings.md is not what the settings say; `cargo xtask generate` writes it"
        );
    }
}
