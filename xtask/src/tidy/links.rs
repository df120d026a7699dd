//! Links of Markdown files lead to files and headings that are there.

use std::path::Path;

use anyhow::Result;

use super::shown;
use crate::repository::{files, read};

/// Links into the repository that lead nowhere.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for page in files(root, "md")? {
        for (line, target) in links(&read(&page)?) {
            if let Some(reason) = broken(&page, &target)? {
                violations.push(format!("{}:{line}: {target}: {reason}", shown(root, &page)));
            }
        }
    }
    Ok(violations)
}

/// Why a link of a page leads nowhere; addresses on the network are not looked at.
fn broken(page: &Path, target: &str) -> Result<Option<&'static str>> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) =
        target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let linked = match path {
        "" => page.to_owned(),
        path => page.parent().unwrap_or(Path::new("")).join(path),
    };
    if !linked.exists() {
        return Ok(Some("there is no such file"));
    }
    match anchor {
        Some(anchor) if linked.extension().is_some_and(|ending| ending == "md") => {
            let has = anchors(&read(&linked)?).iter().any(|known| known == anchor);
            Ok((!has).then_some("there is no such heading"))
        }
        _ => Ok(None),
    }
}

/// Line number and target of every `[text](target)` outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // Every other part lies between backticks.
        for part in line.split('`').step_by(2) {
            for rest in part.split("](").skip(1) {
                if let Some((target, _)) = rest.split_once(')') {
                    let target = target.split_whitespace().next().unwrap_or_default();
                    links.push((number, target.to_owned()));
                }
            }
        }
    }
    links
}

/// The anchors that GitHub gives a page's headings.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
        let slug: String = title.trim().to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let again = anchors
            .iter()
            .filter(|known| known.trim_end_matches(char::is_numeric).trim_end_matches('-') == slug);
        match again.count() {
            0 => anchors.push(slug),
            count => anchors.push(format!("{slug}-{count}")),
        }
    }
    anchors
}

/// Numbered lines outside of fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((number, line))
    })
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::*;

    #[test]
    fn links_to_what_is_not_there_are_found() {
        let page = "\
# One page
[a](b.md) ![picture](../none.png) [heading](#one-page) [other](b.md#two-words-1 \"title\")
[gone](#two) [gone](b.md#three) [net](https://example.org/none) `[code](none)`
```
[code](none)
```
[gone](c.md)
";
        let files = [("docs/a.md", page), ("docs/b.md", "## Two words!\n## Two `words`\n")];
        let found = planted::violations(violations, &files);
        let expected = [
            "docs/a.md:2: ../none.png: there is no such file",
            "docs/a.md:3: #two: there is no such heading",
            "docs/a.md:3: b.md#three: there is no such heading",
            "docs/a.md:7: c.md: there is no such file",
        ];
        assert_eq!(found, expected);
    }
}
