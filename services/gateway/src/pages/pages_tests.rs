use axum::{body::to_bytes, http::Request};
use tower::ServiceExt;

use super::*;
use crate::{gateway, lamp, limits::Limits, router::router};

const ID: &str = "0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f";
const HTML: &str = "text/html; charset=utf-8";

/// What a gateway that reaches nobody answers: its status, its head, and what a person reads.
async fn ask_of(catalog: Catalog, mut request: Request<Body>) -> (u16, HeaderMap, String) {
    request.headers_mut().insert("host", "annals.example".parse().unwrap());
    let router = router(gateway::offline(catalog, Limits::PRODUCTION).await);
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn ask(request: Request<Body>) -> (u16, HeaderMap, String) {
    ask_of(Catalog::try_new([annals_domains::post::domain()]).unwrap(), request).await
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn send(path: &str, form: &str) -> Request<Body> {
    let kind = "application/x-www-form-urlencoded";
    Request::post(path).header("content-type", kind).body(form.to_owned().into()).unwrap()
}

fn with(mut request: Request<Body>, name: &'static str, value: &'static str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_page_is_there_if_what_it_shows_is() {
    assert_eq!(ask(get("/posts")).await.0, 503);
    for path in ["/posts", "/posts/live.js"] {
        assert_eq!(ask_of(lamp::catalog(), get(path)).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn without_a_projector_the_page_says_so_and_keeps_its_form() {
    let (status, head, text) = ask(get("/posts")).await;
    assert_eq!(
        (status, &head["content-type"], &head["retry-after"]),
        (503, &HTML.parse().unwrap(), &1.into())
    );
    assert!(text.contains("The posts cannot be shown right now. The log cannot be reached."), "{text}");
    assert!(text.contains("<textarea"), "{text}");
}

#[tokio::test]
async fn nothing_but_what_the_gateway_serves_is_run() {
    let (_, head, text) = ask(get("/posts")).await;
    let policy = head["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("://"), "{text}");
    for (path, kind) in [("/page.css", "text/css"), ("/posts/live.js", "text/javascript")] {
        assert!(text.contains(path), "{text}");
        let (status, head, _) = ask(get(path)).await;
        assert_eq!(
            (status, head["content-type"].to_str().unwrap()),
            (200, format!("{kind}; charset=utf-8").as_str())
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_the_field_and_what_was_typed_is_kept() {
    let (status, head, text) = ask(send("/posts", "author=+&content=%3Cb%3E&key=k-1")).await;
    assert_eq!((status, &head["content-type"]), (400, &HTML.parse().unwrap()));
    assert!(text.contains("The name is blank.") && !text.contains("The post "), "{text}");
    assert!(text.contains("&#60;b&#62;</textarea>") && text.contains("value=\"k-1\""), "{text}");

    let long = format!("author=Ada&content={}", "x".repeat(281));
    let (status, _, text) = ask(send("/posts", &long)).await;
    assert_eq!(status, 400);
    assert!(text.contains("The post has 281 characters, and at most 280 are allowed."), "{text}");
    assert!(text.contains("value=\"Ada\"") && text.contains(&"x".repeat(281)), "{text}");

    let (status, _, text) = ask(send("/posts", "")).await;
    assert_eq!(status, 400);
    assert!(text.contains("The name is missing.") && text.contains("The post is missing."), "{text}");

    let (status, _, text) = ask(send("/posts", "author=Ada&content=Hi&mood=good")).await;
    assert_eq!(status, 400);
    assert!(text.contains("`/data/mood` does not fit"), "{text}");
}

#[tokio::test]
async fn what_could_not_be_sent_can_be_sent_again_as_the_same_post() {
    let (status, _, text) = ask(send("/posts", "author=Ada&content=Hi&key=k-1")).await;
    assert_eq!(status, 503);
    assert!(
        text.contains("value=\"k-1\"") && text.contains("value=\"Ada\"") && text.contains("Hi</textarea>")
    );
}

#[tokio::test]
async fn only_forms_on_pages_of_this_host_are_taken() {
    let delete = format!("/posts/{ID}/delete");
    for path in ["/posts", &delete] {
        let form = || send(path, "author=Ada&content=Hi");
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "http://elsewhere.example"),
            ("origin", "null"),
        ] {
            let (status, head, text) = ask(with(form(), name, value)).await;
            assert_eq!((status, &head["content-type"]), (403, &"application/problem+json".parse().unwrap()));
            assert!(text.contains("\"code\":\"forbidden\""), "{text}");
        }
        for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "http://annals.example")] {
            assert_eq!(ask(with(form(), name, value)).await.0, 503, "{path} {name} {value}");
        }
    }
}

#[tokio::test]
async fn a_browser_is_told_in_a_page_what_never_reached_one() {
    let browser = |request| with(request, "accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let foreign = browser(with(send("/posts", ""), "origin", "http://elsewhere.example"));
    let delete = browser(get(&format!("/posts/{ID}/delete")));
    for (request, status, said) in
        [(foreign, 403, "This was not sent from a page of this host."), (delete, 405, "Method not allowed")]
    {
        let (answered, head, text) = ask(request).await;
        assert_eq!((answered, &head["content-type"]), (status, &HTML.parse().unwrap()));
        assert!(text.contains(said), "{text}");
    }
    let (_, head, _) = ask(browser(get("/v1/nowhere"))).await;
    assert_eq!(head["content-type"], "application/problem+json");
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_page_too() {
    let json = with(send("/posts", "{}"), "content-type", "application/json");
    let large = send("/posts", &"x".repeat(256 * 1024 + 1));
    for (request, status) in [
        (get("/posts?position=soon"), 400),
        (get("/posts?colour=red"), 400),
        (send("/posts/7/delete", ""), 400),
        (send("/posts/%ff/delete", ""), 400),
        (send("/posts?author=Ada", ""), 400),
        (send("/posts", "author=%ff"), 400),
        (large, 413),
        (json, 415),
    ] {
        let path = request.uri().clone();
        let (answered, head, text) = ask(request).await;
        assert_eq!((answered, &head["content-type"]), (status, &HTML.parse().unwrap()), "{path}");
        assert!(text.contains("role=\"alert\""), "{text}");
    }
}

#[tokio::test]
async fn the_first_page_leads_everywhere() {
    let (status, head, text) = ask(get("/")).await;
    assert_eq!((status, &head["content-type"]), (200, &HTML.parse().unwrap()));
    assert_eq!(head["content-security-policy"], POLICY);
    for path in
        ["/docs", "/openapi.json", "/asyncapi.json", "/v1/catalog", "/v1/views", "/v1/events", "/posts"]
    {
        assert!(text.contains(&format!("href=\"{path}\"")), "{path}: {text}");
    }
    let (_, _, text) = ask_of(lamp::catalog(), get("/")).await;
    assert!(text.contains("/readyz") && text.contains("/metrics"), "{text}");
    assert!(!text.contains("/posts") && !text.contains("curl"), "neither posts nor accounts: {text}");
}

#[tokio::test]
async fn the_first_page_has_a_command_for_the_host_that_was_asked() {
    let catalog = Catalog::try_new([annals_domains::account::domain()]).unwrap();
    let (_, _, text) = ask_of(catalog, get("/")).await;
    assert!(text.contains("http://annals.example/v1/commands/account/$(uuidgen)/open"), "{text}");
}

#[tokio::test]
async fn the_first_page_is_json_for_who_asks_for_it() {
    for accept in ["application/json", "application/json;q=0.9, */*;q=0.1"] {
        let (status, head, text) = ask(with(get("/"), "accept", accept)).await;
        assert_eq!((status, &head["content-type"]), (200, &"application/json".parse().unwrap()));
        let home: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&home["name"], &home["links"]["openapi"]), (&"Annals".into(), &"/openapi.json".into()));
        assert_eq!(home["links"]["posts"], "/posts");
    }
    for accept in ["*/*", "text/html, application/json"] {
        assert_eq!(ask(with(get("/"), "accept", accept)).await.1["content-type"], HTML, "{accept}");
    }
}

#[tokio::test]
async fn what_a_problem_means_is_told_under_the_address_of_its_type() {
    let (status, head, text) = ask(get("/problems/version-mismatch")).await;
    assert_eq!((status, &head["content-type"]), (200, &HTML.parse().unwrap()));
    assert_eq!(head["content-security-policy"], POLICY);
    assert!(text.contains("<code>If-Match</code>") && text.contains("status 412"), "{text}");

    let (status, head, text) = ask(get("/problems/sofa")).await;
    assert_eq!((status, &head["content-type"]), (404, &"application/problem+json".parse().unwrap()));
    assert!(text.contains("\"code\":\"not-found\"") && text.contains("\"outcome-unknown\""), "{text}");

    let (status, head, text) = ask(with(get("/problems/sofa"), "accept", "text/html")).await;
    assert_eq!((status, &head["content-type"]), (404, &HTML.parse().unwrap()));
    assert!(text.contains("href=\"/problems/not-found\""), "a problem leads to what it means: {text}");
}
