use super::*;

fn page_of(code: Code) -> ExplanationPage {
    ExplanationPage { code, explanation: explain(code) }
}

#[test]
fn every_problem_leads_to_its_own_page() {
    for (place, code) in Code::VARIANTS.iter().enumerate() {
        assert_eq!(Code::named(code.name()), Some(*code), "no other has this name");
        let Explanation { meaning, .. } = explain(*code);
        let others = Code::VARIANTS.iter().skip(place + 1).map(|it| explain(*it).meaning);
        assert!(others.into_iter().all(|other| other != *meaning), "{code:?} is explained as another is");
    }
    assert_eq!(Code::named("sofa"), None);
}

#[test]
fn every_page_tells_all_that_there_is_to_tell() {
    for code in Code::VARIANTS {
        let text = page_of(*code).render().unwrap();
        assert!(text.contains(code.title()) && text.contains(code.name()), "{text}");
        for (heading, spans) in page_of(*code).chapters() {
            let words: String = spans.iter().map(|(words, _)| *words).collect();
            assert!(words.len() > 20 && words.ends_with('.'), "{code:?}: {heading}: {words}");
            assert_eq!(spans.len() % 2, 1, "{code:?}: {heading}: a backtick is missing");
        }
        assert!(explain(*code).detail.ends_with('.'), "{code:?}");
    }
}

#[test]
fn every_example_is_answered_in_the_shape_of_a_problem() {
    for code in Code::VARIANTS {
        let answer = page_of(*code).answer();
        let (head, body) = answer.split_once("\n\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {}", code.status())), "{head}");
        assert_eq!(head.contains("retry-after"), code.is_passing(), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], code.name());
        if let Some(instance) = body["instance"].as_str() {
            assert!(explain(*code).request.contains(instance) && !instance.contains('\''), "{body}");
        } else {
            let unread = [Code::MalformedRequest, Code::RequestTimeout, Code::HeadTooLarge];
            assert!(unread.contains(code), "{body}");
        }
    }
}

#[test]
fn what_is_code_stands_apart() {
    let page = page_of(Code::NotAcceptable).render().unwrap();
    assert!(page.contains("<code>Accept</code>") && !page.contains('`'), "{page}");
}
