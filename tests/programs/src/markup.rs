//! Pages as a browser would take them.

/// Elements that have no end.
const VOID: [&str; 3] = ["meta", "img", "br"];

/// Asserts that a page's elements are closed in order, that it loads nothing and leads nowhere, and that every picture has
/// a text in its place.
///
/// # Panics
/// If it does not.
pub fn assert_self_contained(page: &str) {
    let page = page.strip_prefix("<!DOCTYPE html>").expect("it is HTML");
    let (mut open, mut rest) = (Vec::new(), page);
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').map(|end| start + end).expect("every element ends");
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "what is opened last is closed first");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
        if name == "img" || name == "svg" && !tag.starts_with('/') {
            assert!(tag.contains("alt=\"") || tag.contains("aria-label=\""), "{tag}");
        }
        assert_ne!(name, "script");
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    for loads in ["<link", "@import", "url(", "http:", "https:", "href=", "srcset"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert_eq!(page.matches("src=").count(), page.matches("src=\"data:image/png;base64,").count());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(content: &str) -> bool {
        let page = format!("<!DOCTYPE html><html><body>{content}</body></html>");
        std::panic::catch_unwind(|| assert_self_contained(&page)).is_ok()
    }

    #[test]
    fn what_is_not_closed_or_comes_from_elsewhere_is_found() {
        assert!(holds("<p>a<br>b</p><img alt=\"x\" src=\"data:image/png;base64,AA\">"));
        for bad in [
            "<p>a",
            "<p><b>a</p></b>",
            "<img src=\"data:image/png;base64,AA\">",
            "<img alt=\"x\" src=\"a.png\">",
            "<script>a()</script>",
            "<p>https://example.org</p>",
        ] {
            assert!(!holds(bad), "{bad}");
        }
    }
}
