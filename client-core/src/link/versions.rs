//! Which version of each API a connection speaks: the highest that both sides know.

use wire::ApiKey;
use wire::messages::api_versions::ApiVersion;

/// What a broker said it knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions {
    theirs: Vec<ApiVersion>,
}

impl Versions {
    pub(crate) fn new(theirs: Vec<ApiVersion>) -> Versions {
        Versions { theirs }
    }

    /// The version to speak; None if the two ranges do not meet.
    pub(crate) fn of(&self, api: ApiKey) -> Option<i16> {
        let ours = api.versions();
        let theirs = self.theirs.iter().find(|one| one.api_key == api as i16)?;
        let version = theirs.max_version.min(ours.max);
        (version >= theirs.min_version.max(ours.min)).then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_spoken() {
        let versions = |min_version, max_version| {
            Versions::new(vec![ApiVersion { api_key: ApiKey::Fetch as i16, min_version, max_version }])
                .of(ApiKey::Fetch)
        };
        assert_eq!(versions(0, 11), Some(11));
        assert_eq!(versions(4, 99), Some(ApiKey::Fetch.versions().max));
        assert_eq!(versions(0, 3), None);
        assert_eq!(versions(90, 99), None);
        assert_eq!(Versions::default().of(ApiKey::Fetch), None);
    }
}
