//! ApiVersions (KIP-511): what is served, and which features are finalised (KIP-584).

use super::SERVED;
use crate::broker::Broker;
use crate::connections::Reply;
use crate::controller::registration::FEATURES;
use wire::messages::ApiVersionsResponse;
use wire::messages::api_versions::{ApiVersion, ApiVersionsRequest, FinalizedFeatureKey, SupportedFeatureKey};
use wire::{ErrorCode, Io, Str};

impl Broker {
    pub(super) fn api_versions(&self, reply: Reply, request: &ApiVersionsRequest) -> ApiVersionsResponse {
        let named = |text: &str| {
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            edge(text.chars().next())
                && edge(text.chars().last())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        };
        if reply.version >= 3 && !(named(&request.client_software_name) && named(&request.client_software_version)) {
            return ApiVersionsResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                ..ApiVersionsResponse::default()
            };
        }
        let image = self.controller.committed();
        let finalized = image.features.iter().map(|(name, &level)| FinalizedFeatureKey {
            name: name.clone(),
            max_version_level: level,
            min_version_level: level,
        });
        // Before v4 a client cannot be told of a feature whose lowest level is 0 (KIP-1022).
        let supported = FEATURES.iter().filter(|feature| feature.1 > 0 || reply.version >= 4);
        ApiVersionsResponse {
            api_keys: served(),
            supported_features: supported
                .map(|&(name, min_version, max_version, _)| SupportedFeatureKey {
                    name: Str::from_static(name),
                    min_version,
                    max_version,
                })
                .collect(),
            finalized_features_epoch: image.last_offset.unwrap_or(-1),
            finalized_features: finalized.collect(),
            ..ApiVersionsResponse::default()
        }
    }

    /// The request's version is unknown: the answer has a v0 body, which every client reads, and says what is known.
    pub(super) fn refuse_api_versions(&mut self, reply: Reply, io: &mut Io<'_, Broker>) {
        let api_keys = served().into_iter().filter(|api| api.api_key == reply.api as i16).collect();
        let error_code = ErrorCode::UnsupportedVersion.code();
        let response = ApiVersionsResponse { error_code, api_keys, ..ApiVersionsResponse::default() };
        self.connections.answer(reply, &response.into(), io);
    }
}

fn served() -> Vec<ApiVersion> {
    let version = |&api: &wire::ApiKey| {
        let advertised = api.advertised();
        ApiVersion { api_key: api as i16, min_version: advertised.min, max_version: advertised.max }
    };
    SERVED.iter().map(version).collect()
}
