//! `listeners` and `advertised.listeners`: `NAME://host:port`, separated by commas.

use super::kind::items;
use super::{ConfigError, bad};
use wire::{Endpoint, Str};

/// One listener. An empty host means every interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, as `PLAINTEXT` or `CONTROLLER`.
    pub name: Str,
    /// Where it listens, or what is advertised for it.
    pub endpoint: Endpoint,
}

pub(super) fn parse(name: &str, value: &str) -> Result<Vec<Listener>, ConfigError> {
    let expected = || bad(name, value, "a list of NAME://host:port with distinct names".to_owned());
    let listeners: Vec<Listener> =
        items(value).map(|item| listener(item).ok_or_else(expected)).collect::<Result<_, _>>()?;
    let mut names: Vec<&Str> = listeners.iter().map(|listener| &listener.name).collect();
    names.sort();
    names.dedup();
    if listeners.is_empty() || names.len() < listeners.len() { Err(expected()) } else { Ok(listeners) }
}

fn listener(item: &str) -> Option<Listener> {
    let (name, address) = item.split_once("://")?;
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let endpoint = Endpoint { host: host.into(), port: port.parse().ok()? };
    (!name.is_empty()).then(|| Listener { name: name.to_uppercase().into(), endpoint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_split_into_name_host_and_port() {
        let parsed = parse("listeners", "plaintext://10.0.0.1:9092, CONTROLLER://[::1]:9093").unwrap();
        assert_eq!(parsed[0].name, "PLAINTEXT");
        assert_eq!(parsed[0].endpoint, Endpoint { host: "10.0.0.1".into(), port: 9092 });
        assert_eq!(parsed[1].endpoint.host, "::1");
        for wrong in ["", "PLAINTEXT", "A://h:70000", "A://h:1,A://h:2", "://h:1"] {
            assert!(parse("listeners", wrong).is_err(), "{wrong}");
        }
    }
}
