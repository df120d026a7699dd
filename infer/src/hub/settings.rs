//! Where the Hub is and where its files are kept, as Hugging Face's own tools have it.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Error, Result};

/// The Hub itself.
const ENDPOINT: &str = "https://huggingface.co";

/// Seconds to wait for a server that is silent.
const PATIENCE: u64 = 30;

/// Where the Hub is, where its files are kept, and who asks.
#[derive(Clone)]
pub struct HubSettings {
    /// The server: `HF_ENDPOINT`.
    pub endpoint: String,
    /// The folder of the cache: `HF_HUB_CACHE`, or `hub` in `HF_HOME`, or `~/.cache/huggingface/hub`.
    pub cache: PathBuf,
    /// Whether nothing may be fetched: `HF_HUB_OFFLINE`.
    pub offline: bool,
    /// For private repositories: `HF_TOKEN`, or the file `token` in `HF_HOME`.
    pub token: Option<String>,
    /// How long a server may be silent: `HF_HUB_DOWNLOAD_TIMEOUT`, in seconds.
    pub patience: Duration,
}

impl std::fmt::Debug for HubSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A token is nobody's business.
        formatter
            .debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl HubSettings {
    /// What the environment says.
    ///
    /// # Errors
    /// [`Error::Variable`].
    pub fn from_environment() -> Result<Self> {
        Self::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// What an environment says, in which a variable has a value or none.
    fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let endpoint = variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let host = ["https://", "http://"].iter().find_map(|scheme| endpoint.strip_prefix(scheme));
        let is_address = |host: &str| {
            let plain = |letter: char| letter.is_ascii_graphic() && !"?#@\\".contains(letter);
            !host.is_empty() && !host.starts_with('/') && host.chars().all(plain)
        };
        if !host.is_some_and(is_address) {
            return Err(Error::Variable {
                variable: "HF_ENDPOINT",
                value: endpoint,
                expected: "an address such as https://huggingface.co",
            });
        }
        let patience = variable("HF_HUB_DOWNLOAD_TIMEOUT");
        let seconds = patience
            .as_ref()
            .map_or(Some(PATIENCE), |seconds| seconds.parse().ok().filter(|seconds| *seconds > 0));
        let Some(seconds) = seconds else {
            return Err(Error::Variable {
                variable: "HF_HUB_DOWNLOAD_TIMEOUT",
                value: patience.unwrap_or_default(),
                expected: "a whole number of seconds",
            });
        };
        let home = variable("HF_HOME").map(PathBuf::from);
        let home = home.or_else(|| {
            let caches = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let caches = caches.or_else(|| Some(std::env::home_dir()?.join(".cache")));
            Some(caches?.join("huggingface"))
        });
        let Some(home) = home else {
            return Err(Error::Variable {
                variable: "HF_HOME",
                value: String::new(),
                expected: "a folder for what is fetched, since there is no home folder",
            });
        };
        let given = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE"));
        let is_set = |value: String| {
            let value = value.to_uppercase();
            ["1", "ON", "YES", "TRUE"].contains(&value.as_str())
        };
        let stored_token = || std::fs::read_to_string(home.join("token")).ok();
        let token = variable("HF_TOKEN").or_else(stored_token);
        let token = token.map(|token| token.trim().to_owned());
        if token
            .as_ref()
            .is_some_and(|token| !token.chars().all(|letter| letter.is_ascii_graphic()))
        {
            return Err(Error::Variable {
                variable: "HF_TOKEN",
                value: "...".to_owned(),
                expected: "a token of letters, digits and signs, as the Hub shows it",
            });
        }
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: given.map_or_else(|| home.join("hub"), PathBuf::from),
            offline: variable("HF_HUB_OFFLINE").is_some_and(is_set),
            token: token.filter(|token| !token.is_empty()),
            patience: Duration::from_secs(seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<HubSettings> {
        HubSettings::new(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_cache_is_where_hugging_faces_tools_have_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).unwrap().cache;
        assert_eq!(cache(&[("HF_HOME", "/h")]), PathBuf::from("/h/hub"));
        assert_eq!(cache(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]), PathBuf::from("/c"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), PathBuf::from("/x/huggingface/hub"));
    }

    #[test]
    fn the_token_is_given_or_stored_and_never_shown() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_str().unwrap();
        let token = |variables: &[(&str, &str)]| settings(variables).unwrap().token;
        assert_eq!(token(&[("HF_HOME", path)]), None);
        std::fs::write(home.path().join("token"), "stored\n").unwrap();
        assert_eq!(token(&[("HF_HOME", path)]).as_deref(), Some("stored"));
        let given = [("HF_HOME", path), ("HF_TOKEN", "given")];
        assert_eq!(token(&given).as_deref(), Some("given"));
        assert!(!format!("{:?}", settings(&given).unwrap()).contains("given"));
        let message = settings(&[("HF_TOKEN", "two\nlines"), given[0]]).unwrap_err().to_string();
        assert!(message.contains("HF_TOKEN is `...`") && !message.contains("two"), "{message}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let endpoint = |value| settings(&[("HF_HOME", "/h"), ("HF_ENDPOINT", value)]);
        assert_eq!(endpoint("http://localhost:80/").unwrap().endpoint, "http://localhost:80");
        for wrong in
            ["huggingface.co", "ftp://x", "https://", "http:///x", "http://a b", "http://a?b"]
        {
            let message = endpoint(wrong).unwrap_err().to_string();
            assert!(message.contains("HF_ENDPOINT"), "{message}");
        }
    }

    #[test]
    fn patience_is_a_number_of_seconds() {
        let patience = |value| {
            let variables = [("HF_HOME", "/h"), ("HF_HUB_DOWNLOAD_TIMEOUT", value)];
            settings(&variables).map(|settings| settings.patience.as_secs())
        };
        assert_eq!(patience("5").unwrap(), 5);
        for wrong in ["0", "-1", "soon"] {
            let message = patience(wrong).unwrap_err().to_string();
            assert!(message.contains("HF_HUB_DOWNLOAD_TIMEOUT"), "{message}");
        }
        assert_eq!(settings(&[("HF_HOME", "/h")]).unwrap().patience, Duration::from_secs(PATIENCE));
    }

    #[test]
    fn offline_is_what_means_yes() {
        let offline = |value| {
            let variables = [("HF_HOME", "/h"), ("HF_HUB_OFFLINE", value)];
            settings(&variables).unwrap().offline
        };
        assert!(offline("1") && offline("true") && offline("Yes"));
        assert!(!offline("0") && !offline("no"));
    }
}
