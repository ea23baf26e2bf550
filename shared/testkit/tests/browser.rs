//! The pages in a real browser.

use std::{fs, path::Path};

use annals_testkit::{Browser, System, eventually};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
#[ignore = "needs a Chromium; .ci/run installs one"]
async fn posts_of_others_appear_by_themselves_while_somebody_types() {
    let (system, browser) = (System::start().await, Browser::start().await);
    let shows = async |text: &str| browser.text().await.contains(text);
    browser.open(&format!("{}/posts", system.base_url())).await;
    assert!(shows("No posts yet").await);

    browser.type_into("#author", "Ada").await;
    browser.type_into("#content", "Hello <script>alert('world')</script>\nhow are you?").await;
    browser.click("form button").await;
    eventually("what was published is shown", async || {
        shows("Hello <script>alert('world')</script>\nhow are you?").await
    })
    .await;

    browser.type_into("#content", "Half a thou").await;
    browser.run("window.hasNotBeenLoadedSince = true").await;
    let words = json!({ "author": "Bob", "content": "From elsewhere, by the API" });
    let id = Uuid::new_v4();
    let _ = system.post(&format!("/v1/commands/post/{id}/publish"), &words).await.accepted();
    eventually("the other post appears by itself", async || shows("From elsewhere").await).await;
    browser.type_into("#content", "ght").await;
    assert_eq!(browser.run("return document.getElementById('content').value").await, "Half a thought");
    assert_eq!(browser.run("return window.hasNotBeenLoadedSince").await, true);
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("posts.png");
    fs::write(picture, browser.picture().await).unwrap();

    browser.click(&format!("#delete-{id}")).await;
    eventually("what was deleted is gone", async || !shows("From elsewhere").await).await;
    assert!(shows("how are you?").await);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a Chromium; .ci/run installs one"]
async fn a_page_that_was_hidden_catches_up_at_once_however_much_it_missed() {
    let (system, browser) = (System::start().await, Browser::start().await);
    let publish = async |content: String| {
        let words = json!({ "author": "Bob", "content": content });
        let _ =
            system.post(&format!("/v1/commands/post/{}/publish", Uuid::new_v4()), &words).await.accepted();
    };
    let appears = async |text: &str| {
        eventually("a post appears", async || browser.text().await.contains(text)).await;
    };
    let hide = async |hidden: bool| {
        let hide =
            format!("Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }})");
        browser.run(&format!("{hide}; document.dispatchEvent(new Event('visibilitychange'))")).await;
    };
    browser.open(&format!("{}/posts", system.base_url())).await;
    publish("The first one".into()).await;
    appears("The first one").await;

    hide(true).await;
    for number in 0..20 {
        publish(format!("Missed: {number}.")).await;
    }
    browser.run("window.asked = 0; const ask = fetch; fetch = (it) => (window.asked++, ask(it))").await;
    hide(false).await;
    appears("Missed: 19.").await;
    publish("The last one".into()).await; // after which all others have been told of
    appears("The last one").await;
    let asked = browser.run("return window.asked").await.as_u64().unwrap();
    assert!((1..=5).contains(&asked), "asked {asked} times for 21 posts");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a Chromium; .ci/run installs one"]
async fn the_api_can_be_clicked_through_without_a_network() {
    let (system, browser) = (System::start().await, Browser::start().await);
    browser.open(&format!("{}/docs#/operations/livez", system.base_url())).await;
    let there = async |selector: &str| {
        browser.run(&format!("return document.querySelector('{selector}') !== null")).await == true
    };
    eventually("the operation is shown", async || there(".try-out__btn").await).await;
    browser.click(".try-out__btn").await;
    eventually("it can be tried", async || there(".execute").await).await;
    browser.click(".execute").await;
    eventually("it is answered", async || there(".live-responses-table").await).await;
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs.png");
    fs::write(picture, browser.picture().await).unwrap();
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
