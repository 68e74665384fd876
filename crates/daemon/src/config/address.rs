//! Network addresses as people write them: `host:port`, with IPv6 in brackets.

use std::net::IpAddr;

use crate::quote::quoted;
use phaki_replication::limits::ADDRESS_BYTES_MAX;

/// Whether a text is `host:port`; what is wrong otherwise.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.len() > ADDRESS_BYTES_MAX {
        return Err(format!(
            "is {} bytes long, and {ADDRESS_BYTES_MAX} are allowed",
            text.len()
        ));
    }
    let (host, port) = split(text).ok_or("has no port")?;
    if port.parse::<u16>().is_err() {
        return Err(format!(
            "has the port {}, which is no number up to 65535",
            quoted(port)
        ));
    }
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match inside {
        Some(inside) if inside.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) => Ok(()),
        Some(_) => Err(format!("has {host}, which is no IPv6 address")),
        None if host.is_empty() => Err("has no host".to_owned()),
        None if host.contains(':') => Err("has an IPv6 address without brackets".to_owned()),
        None => check_host(host),
    }
}

/// Whether another node can dial a text as `host:port`; what is wrong otherwise.
pub(crate) fn check_reachable(text: &str) -> Result<(), String> {
    check(text)?;
    let (host, port) = split(text).ok_or("has no port")?;
    if port.parse() == Ok(0_u16) {
        return Err("has the port 0, which nobody can dial".to_owned());
    }
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    if ip.is_ok_and(|ip| ip.is_unspecified()) {
        return Err(format!("has the host {host}, which nobody can dial"));
    }
    Ok(())
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':')
}

fn check_host(host: &str) -> Result<(), String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    match host.chars().find(|letter| !allowed(*letter)) {
        Some(letter) => Err(format!("has {letter:?} in its host")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_hosts_and_addresses_with_a_port_and_nothing_else() {
        for text in [
            "127.0.0.1:7440",
            "[::1]:7440",
            "phaki.songkhla.go.th:7440",
            "relay-1:1",
        ] {
            assert_eq!(check_reachable(text), Ok(()), "{text}");
        }
        for text in [
            "127.0.0.1",
            ":7440",
            "::1:7440",
            "[::1:7440",
            "a b:1",
            "a:65536",
            "a:",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in ["0.0.0.0:7440", "[::]:7440", "127.0.0.1:0"] {
            assert_eq!(check(text), Ok(()), "{text}");
            assert!(check_reachable(text).is_err(), "{text}");
        }
    }
}
