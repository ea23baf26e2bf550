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
    let mut ranges = ranges(headers).peekable();
    ranges.peek().is_none() || ranges.any(|range| SERVED.iter().any(|served| is_for(range, served)))
}

/// Whether a media type is asked for by its name.
pub fn names(headers: &HeaderMap, kind: &str) -> bool {
    ranges(headers).any(|range| is_for(range, kind))
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty())
}

/// Whether a range says just this, and does not exclude it.
fn is_for(range: &str, wanted: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let excluded = parts.any(|parameter| {
        let quality = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        quality.is_some_and(|(_, value)| value.trim().parse() == Ok(0.0))
    });
    !excluded && kind.eq_ignore_ascii_case(wanted)
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

    #[test]
    fn a_type_is_asked_for_by_its_own_name_only() {
        let names =
            |accept: &str| names(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]), "text/html");
        assert!(names("text/html") && names("application/json, Text/HTML;q=0.5"));
        assert!(!names("*/*") && !names("text/*") && !names("text/html;q=0") && !names("text/htmlx"));
    }
}
