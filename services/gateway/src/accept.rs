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

/// Whether a media type is asked for by its name, and JSON is not liked better.
pub fn prefers(headers: &HeaderMap, kind: &str) -> bool {
    let weight = |kind: &str| ranges(headers).filter(|range| says(range, kind)).map(quality).reduce(f32::max);
    let json = ["application/json", "application/*", "*/*"].into_iter().find_map(weight);
    weight(kind).is_some_and(|wanted| wanted > 0.0 && wanted >= json.unwrap_or(0.0))
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty())
}

/// Whether a range says just this, and does not exclude it.
fn is_for(range: &str, wanted: &str) -> bool {
    says(range, wanted) && quality(range) > 0.0
}

fn says(range: &str, wanted: &str) -> bool {
    range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// How much a range is liked, from 0 to 1; what cannot be understood takes nothing away.
fn quality(range: &str) -> f32 {
    let named = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())?
    };
    range.split(';').skip(1).find_map(named).unwrap_or(1.0)
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
    fn a_type_is_preferred_unless_json_is_liked_better() {
        let prefers =
            |accept: &str| prefers(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]), "text/html");
        for accept in [
            "text/html",
            "application/json, text/html",
            "application/json;q=0.4, text/html;q=0.5",
            "text/html;q=0.5, */*;q=0.1",
            "text/html;q=0.1, application/json;q=0, */*",
        ] {
            assert!(prefers(accept), "{accept}");
        }
        for accept in ["*/*", "application/json, text/html;q=0.1", "text/html;Q=0.9, */*", "text/html;q=0"] {
            assert!(!prefers(accept), "{accept}");
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
