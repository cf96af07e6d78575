//! What is wrong with a configuration.

/// Why a configuration was refused; the text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Names that no client knows.
    #[error("unknown client configuration: {}", names.join(", "))]
    Unknown {
        /// All of them.
        names: Vec<String>,
    },
    /// A value that does not fit.
    #[error("{name} is {value}; expected {expected}")]
    Invalid {
        /// Kafka's name.
        name: String,
        /// What was given.
        value: String,
        /// What would have fitted.
        expected: &'static str,
    },
    /// A client without a server to ask first.
    #[error("bootstrap.servers is missing")]
    NoBootstrap,
    /// Kafka refuses it too (KIP-91).
    #[error("delivery.timeout.ms must be at least linger.ms + request.timeout.ms")]
    DeliveryTooShort,
}

impl ConfigError {
    pub(super) fn invalid(name: &str, value: &str, expected: &'static str) -> ConfigError {
        ConfigError::Invalid { name: name.to_owned(), value: value.to_owned(), expected }
    }
}
