//! Whom and what a request is for: its host and its address.

use axum::{
    extract::Request,
    http::{HeaderMap, Uri, Version, header::HOST, uri::Authority},
};

use crate::{
    headers::{invalid, single},
    problem::{Code, Problem},
};

/// The longest address, in bytes: what RFC 9110 asks everybody to take.
const LONGEST: usize = 8000;

/// Whether a request is addressed properly.
pub fn check(request: &Request) -> Result<(), Problem> {
    address(request.uri())?;
    host(request.version(), request.headers())
}

fn address(uri: &Uri) -> Result<(), Problem> {
    if !uri.path().starts_with('/') && uri.path() != "*" {
        return Err(Problem::new(
            Code::MalformedRequest,
            "The request is for nothing that begins with a slash.",
        ));
    }
    let length = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if length > LONGEST {
        let detail = format!("The address takes {length} bytes, and {LONGEST} are the most.");
        return Err(Problem::new(Code::UriTooLong, detail));
    }
    Ok(())
}

/// HTTP/1.1 wants it exactly once (RFC 9112, 3.2): two readers must not see two hosts.
fn host(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    match single(headers, &HOST)? {
        None if version == Version::HTTP_11 => Err(invalid(&HOST, "is missing")),
        None | Some("") => Ok(()),
        Some(host) => match host.parse::<Authority>() {
            Ok(authority) if !authority.as_str().contains('@') => Ok(()),
            _ => Err(invalid(&HOST, "is not a host")),
        },
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_host_is_named_once() {
        let named = |hosts: &[&'static str]| {
            let hosts = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host)));
            host(Version::HTTP_11, &hosts.collect()).is_ok()
        };
        for good in ["localhost:8080", "[::1]:8080", "127.0.0.1", "annals.example", ""] {
            assert!(named(&[good]), "{good}");
        }
        for bad in ["a b", "http://x/", "ada@example.com", "a/b"] {
            assert!(!named(&[bad]), "{bad}");
        }
        assert!(!named(&[]) && !named(&["a", "a"]));
        assert!(host(Version::HTTP_10, &HeaderMap::new()).is_ok());
    }

    #[test]
    fn an_address_has_a_beginning_and_an_end() {
        assert!(address(&"*".parse().unwrap()).is_ok() && address(&"http://a".parse().unwrap()).is_ok());
        assert_eq!(address(&"nowhere".parse().unwrap()).unwrap_err().code, Code::MalformedRequest);

        let of = |length: usize| address(&format!("/{}", "x".repeat(length - 1)).parse().unwrap());
        assert!(of(LONGEST).is_ok());
        assert_eq!(of(LONGEST + 1).unwrap_err().code, Code::UriTooLong);
    }
}
