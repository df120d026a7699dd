//! What a repository is called.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::is_plain;

/// What names of repositories begin with.
const PREFIX: &str = "hf:";

/// The revision of a name that says none.
const DEFAULT_REVISION: &str = "main";

/// The name of a repository of models: `hf:owner/name`, or `hf:owner/name@revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubName {
    owner: String,
    name: String,
    revision: String,
}

impl HubName {
    /// Whether a path is meant as a name, right or wrong.
    pub fn is_meant(path: &Path) -> bool {
        path.to_str().is_some_and(|path| path.starts_with(PREFIX))
    }

    /// Branch, tag or commit.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Its name without a revision, as addresses have it.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The folder of the repository in the cache, as Hugging Face's own tools call it.
    pub(super) fn folder_name(&self) -> String {
        format!("models--{}--{}", self.owner, self.name)
    }
}

impl FromStr for HubName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{text}` is no name of a repository; write hf:owner/name or hf:owner/name@revision"
            )
        };
        let name = text.strip_prefix(PREFIX).ok_or_else(expected)?;
        let (name, revision) = name.split_once('@').unwrap_or((name, DEFAULT_REVISION));
        let (owner, name) = name.split_once('/').ok_or_else(expected)?;
        // Branches may have slashes in their names.
        let parts = [owner, name].into_iter().chain(revision.split('/'));
        if parts.into_iter().all(is_plain) {
            Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
                revision: revision.to_owned(),
            })
        } else {
            Err(expected())
        }
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, name, revision } = self;
        write!(formatter, "{PREFIX}{owner}/{name}")?;
        if revision == DEFAULT_REVISION { Ok(()) } else { write!(formatter, "@{revision}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_to_text_and_back() {
        for text in ["hf:a/b", "hf:ShoufaChen/PixelFlow-Class2Image", "hf:a/b.c_d@v1/x"] {
            assert_eq!(text.parse::<HubName>().unwrap().to_string(), text);
        }
        assert_eq!("hf:a/b@main".parse::<HubName>().unwrap().to_string(), "hf:a/b");
    }

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        for text in [
            "a/b",
            "hf:",
            "hf:a",
            "hf:a/",
            "hf:/b",
            "hf:a/b/c",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@../c",
            "hf:a/b@x/../y",
            "hf:a/b?x",
            "hf:a b/c",
            "hf:a/b@@",
            "hf:a/b\\c",
        ] {
            let message = text.parse::<HubName>().unwrap_err();
            assert!(message.contains("write hf:owner/name"), "{text}: {message}");
        }
    }
}
