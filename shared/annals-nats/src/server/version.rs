//! Which nats-server it is, and whether that is new enough.

use std::{fmt, path::Path, process::Command, str::FromStr};

use thiserror::Error;

/// The version of a nats-server. A release candidate counts as its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// 2 in `2.15.1`.
    pub major: u32,
    /// 15 in `2.15.1`.
    pub minor: u32,
    /// 1 in `2.15.1`.
    pub patch: u32,
}

/// A text that names no version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a version of nats-server")]
pub struct UnknownVersion(String);

impl ServerVersion {
    /// The oldest that will do: views are moved by consumer reset, which is new in it.
    pub const OLDEST: Self = Self { major: 2, minor: 14, patch: 0 };
    /// The one that is fetched, and that everything is tested with.
    pub const PINNED: Self = Self { major: 2, minor: 15, patch: 1 };

    /// Asks `program` for its version, or says in words why it does not tell one.
    pub(super) fn of(program: &Path) -> Result<Self, String> {
        let output = Command::new(program).arg("--version").output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("`--version` failed with {}", output.status));
        }
        said.trim().parse().map_err(|error: UnknownVersion| error.to_string())
    }
}

/// Reads `2.15.1`, `v2.15.1` and the whole `nats-server: v2.15.1`.
impl FromStr for ServerVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let number = text.strip_prefix("nats-server:").unwrap_or(text).trim();
        let number = number.strip_prefix('v').unwrap_or(number);
        let release = number.split(['-', '+']).next().unwrap_or(number);
        let parts: Result<Vec<u32>, _> = release.split('.').map(str::parse).collect();
        match parts.as_deref() {
            Ok(&[major, minor, patch]) => Ok(Self { major, minor, patch }),
            _ => Err(UnknownVersion(text.to_owned())),
        }
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_server_says() {
        let pinned = ServerVersion::PINNED;
        assert_eq!("nats-server: v2.15.1".parse(), Ok(pinned));
        assert_eq!("2.15.1".parse(), Ok(pinned));
        assert_eq!("v2.14.0-RC.1".parse(), Ok(ServerVersion::OLDEST));
        assert_eq!(pinned.to_string(), "2.15.1");
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<ServerVersion>().unwrap();
        assert!(version("2.9.25") < ServerVersion::OLDEST);
        assert!(version("2.14.0") >= ServerVersion::OLDEST);
        assert!(version("3.0.0") > ServerVersion::PINNED);
    }

    #[test]
    fn another_program_is_no_nats_server() {
        assert!("curl 8.5.0 (x86_64)".parse::<ServerVersion>().is_err());
        assert!("nats-server: v2.15".parse::<ServerVersion>().is_err());
        assert!("".parse::<ServerVersion>().is_err());
    }
}
