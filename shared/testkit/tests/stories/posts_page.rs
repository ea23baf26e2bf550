//! The page of posts, as a browser without scripts sees it.

use annals_testkit::{Answer, Call, Cluster, Method, Service, System};
use uuid::Uuid;

use crate::post::publish;

/// What a browser sends of a form on a page of this host.
fn send(system: &System, path: &str, form: &str) -> Call {
    let call = system.request(Method::POST, path).body(form.to_owned());
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    call.header("origin", system.base_url()).header("sec-fetch-site", "same-origin")
}

/// Where a form that was taken leads, and what is there.
async fn follow(system: &System, answer: Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let there = system.get(answer.header("location")).await;
    assert_eq!((there.status.as_u16(), there.header("content-type")), (200, "text/html; charset=utf-8"));
    there
}

/// How many events there are.
async fn events(system: &System) -> usize {
    system.get("/v1/events").await.accepted()["events"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_published_by_the_form_is_there_at_once_and_its_button_deletes_it() {
    let system = System::start().await;
    let empty = system.get("/posts").await;
    assert_eq!(empty.status, 200);
    assert!(empty.text.contains("No posts yet"), "{}", empty.text);

    let published = send(&system, "/posts", "author=Ada&content=Hello%0D%0Aworld").await;
    assert!(published.header("location").starts_with("/posts?position="));
    let page = follow(&system, published).await;
    assert!(page.text.contains("Hello\nworld") && !page.text.contains("No posts yet"), "{}", page.text);
    let (other, _) = publish(&system, "Bob", "By the API").await;
    let page = follow(&system, send(&system, "/posts", "author=Cy&content=Third").await).await;
    let place = |text: &str| page.text.find(text).unwrap();
    assert!(place("Third") < place("By the API") && place("By the API") < place("Hello"));

    let button = format!("/posts/{other}/delete");
    assert!(page.text.contains(&format!("<form method=\"post\" action=\"{button}\">")), "{}", page.text);
    for _ in 0..2 {
        let page = follow(&system, send(&system, &button, "").await).await;
        assert!(!page.text.contains("By the API") && page.text.contains("Third"), "{}", page.text);
    }
    assert_eq!(events(&system).await, 4, "a second click changes nothing");
}

#[tokio::test]
async fn what_somebody_wrote_is_shown_and_never_run() {
    let system = System::start().await;
    let (_, position) = publish(&system, "<b>Eve</b>\"'", "<script>alert(1)</script> & more").await;
    let page = system.get(&format!("/posts?position={position}")).await;
    assert!(!page.text.contains("<script>") && !page.text.contains("<b>"), "{}", page.text);
    assert!(page.text.contains("&#60;script&#62;alert(1)&#60;/script&#62; &#38; more"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn a_form_that_does_not_fit_comes_back_as_it_was_typed_and_nothing_is_stored() {
    let system = System::start().await;
    let blank = send(&system, "/posts", "author=Ada&content=+%0D%0A").await;
    assert_eq!(blank.status, 400);
    assert!(blank.text.contains("The post is blank.") && blank.text.contains("value=\"Ada\""));

    let long = "x".repeat(281);
    let long_one = send(&system, "/posts", &format!("author=%22%3E&content={long}")).await;
    assert_eq!(long_one.status, 400);
    assert!(long_one.text.contains("The post has 281 characters, and at most 280 are allowed."));
    assert!(long_one.text.contains("value=\"&#34;&#62;\"") && long_one.text.contains(&long));

    let never = send(&system, &format!("/posts/{}/delete", Uuid::new_v4()), "").await;
    assert_eq!((never.status.as_u16(), never.header("content-type")), (422, "text/html; charset=utf-8"));
    assert!(never.text.contains("The post is not published."), "{}", never.text);
    assert_eq!(send(&system, "/posts/7/delete", "").await.status, 400);
    assert_eq!(events(&system).await, 0);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_post() {
    let system = System::start().await;
    let page = system.get("/posts").await.text;
    let key = page.split("name=\"key\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let form = format!("author=Ada&content=Hello&key={key}");

    for _ in 0..2 {
        let page = follow(&system, send(&system, "/posts", &form).await).await;
        assert_eq!(page.text.matches("<article").count(), 1, "{}", page.text);
    }
    let other = send(&system, "/posts", &form.replace("Hello", "Goodbye")).await;
    assert_eq!(other.status, 422);
    assert!(other.text.contains("Goodbye</textarea>") && !other.text.contains(key), "it can be sent anew");
    assert_eq!(events(&system).await, 1);
}

#[tokio::test]
async fn only_a_form_on_this_host_publishes_and_deletes() {
    let system = System::start().await;
    let (id, position) = publish(&system, "Ada", "Hello").await;
    let delete = format!("/posts/{id}/delete");
    let by_api = format!("/v1/commands/post/{id}/delete"); // a form without fields is a command without data
    for (path, form) in [("/posts", "author=Eve&content=Spam"), (&delete, ""), (&by_api, "")] {
        for (name, value) in [("origin", "http://elsewhere.example"), ("sec-fetch-site", "cross-site")] {
            let call = system.request(Method::POST, path).body(form);
            let call = call.header("content-type", "application/x-www-form-urlencoded");
            let _ = call.header(name, value).await.problem(403, "forbidden");
        }
    }
    for method in [Method::GET, Method::HEAD] {
        let refused = system.request(method, &delete).await;
        assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "POST"));
    }
    assert_eq!(events(&system).await, 1);
    assert!(system.get(&format!("/posts?position={position}")).await.text.contains("Hello"));
}

#[tokio::test]
async fn older_posts_are_a_page_away() {
    let system = System::start().await;
    let mut position = String::new();
    for number in 0..51 {
        (_, position) = publish(&system, "Ada", &format!("Number {number}.")).await;
    }
    let path = format!("/posts?position={position}");
    let page = system.get(&path).await;
    assert_eq!(page.text.matches("<article").count(), 50);
    let older = page.text.split("<a href=\"/posts?cursor=").nth(1).and_then(|rest| rest.split('"').next());
    let older = system.get(&format!("/posts?cursor={}", older.unwrap())).await;
    assert_eq!(older.text.matches("<article").count(), 1);
    assert!(older.text.contains("Number 0.") && !older.text.contains("live.js"), "{}", older.text);

    let beyond = system.get("/posts?position=1000000").await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-type")), (400, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn without_a_projector_there_is_a_page_that_says_so() {
    let mut cluster = Cluster::start().await;
    cluster.kill(Service::Projector).await;
    let page = cluster.get("/posts").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (503, "text/html; charset=utf-8"));
    assert!(page.text.contains("The posts cannot be shown right now."), "{}", page.text);
    assert_eq!(page.header("retry-after"), "1");
}
