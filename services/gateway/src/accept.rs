//! `Accept`: whoever excludes JSON is told so, before anything is done.

use axum::{
    extract::Request,
    http::{HeaderMap, header::ACCEPT},
    middleware::Next,
    response::Response,
};

use crate::problem::{Code, Problem};

const SERVED: [&str; 4] = ["application/json", "application/problem+json", "application/*", "*/*"];

/// Lets through who takes JSON.
pub async fn check(request: Request, next: Next) -> Result<Response, Problem> {
    if takes_json(request.headers()) {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(Code::NotAcceptable, "Only application/json is served here."))
}

fn takes_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter(|range| !range.trim().is_empty())
        .peekable();
    ranges.peek().is_none() || ranges.any(is_served)
}

fn is_served(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let excluded = parts.any(|parameter| {
        let quality = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        quality.is_some_and(|(_, value)| value.trim().parse() == Ok(0.0))
    });
    !excluded && SERVED.iter().any(|served| served.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_unless_it_is_excluded() {
        let takes = |accept: &str| takes_json(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]));

        assert!(takes_json(&HeaderMap::new()));
        for accept in [
            "",
            "*/*",
            "application/*",
            "Application/JSON; charset=utf-8",
            "text/html, application/xml;q=0.9, */*;q=0.8",
            "application/problem+json",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0", "text/*, */*; q=0.000"] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
