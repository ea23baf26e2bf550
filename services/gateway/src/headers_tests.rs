use super::*;

fn given(name: &'static str, values: &[&str]) -> HeaderMap {
    let name = HeaderName::from_static(name);
    values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect()
}

#[allow(clippy::needless_pass_by_value)] // reads better where it is used
fn refused<T>(outcome: Result<T, Problem>) -> bool {
    matches!(outcome, Err(Problem { code: Code::InvalidHeader, .. }))
}

#[test]
fn a_version_is_a_number_in_quotes() {
    let expected = |value| expected(&given("if-match", &[value]));

    assert_eq!(expected("\"3\"").unwrap(), Expected::Version(3));
    assert_eq!(expected("\"99999999999999999999\"").unwrap(), Expected::Version(u64::MAX));
    for wrong in ["3", "W/\"3\"", "*", "\"\"", "\"", "\"-1\"", "\"3\", \"4\"", "\"three\"", "", "\"٣\""] {
        assert!(refused(expected(wrong)), "{wrong}");
    }
}

#[test]
fn a_new_stream_is_a_star() {
    assert_eq!(expected(&given("if-none-match", &["*"])).unwrap(), Expected::New);
    assert!(refused(expected(&given("if-none-match", &["\"1\""]))));
    assert_eq!(expected(&HeaderMap::new()).unwrap(), Expected::Any);
}

#[test]
fn two_preconditions_are_refused() {
    let mut both = given("if-match", &["\"1\""]);
    both.extend(given("if-none-match", &["*"]));
    assert!(refused(expected(&both)));
    assert!(refused(expected(&given("if-match", &["\"1\"", "\"1\""]))));
}

#[test]
fn a_quoted_key_is_the_bare_key() {
    assert_eq!(idempotency_key(&given("idempotency-key", &["k"])).unwrap(), Some("k"));
    assert_eq!(idempotency_key(&given("idempotency-key", &["\"k\""])).unwrap(), Some("k"));
    let (longest, quoted) = ("k".repeat(255), format!("\"{}\"", "k".repeat(255)));
    assert!(idempotency_key(&given("idempotency-key", &[&longest])).is_ok());
    assert!(idempotency_key(&given("idempotency-key", &[&quoted])).is_ok());
}

#[test]
fn a_key_that_cannot_be_one_is_refused() {
    for wrong in ["", "\"\"", "\"", "\"k", "two words", "clé", &"k".repeat(256)] {
        assert!(refused(idempotency_key(&given("idempotency-key", &[wrong]))), "{wrong}");
    }
    assert!(refused(idempotency_key(&given("idempotency-key", &["a", "a"]))));
}

#[test]
fn a_correlation_id_is_a_uuid_in_its_usual_form() {
    let id = "0190A5C5-7B1E-7C1A-9C5B-1A2B3C4D5E6F";
    let read = |value| correlation_id(&given("x-correlation-id", &[value]));
    assert_eq!(read(id).unwrap(), Some(id.parse().unwrap()));
    for wrong in ["", "1", "0190a5c57b1e7c1a9c5b1a2b3c4d5e6f", "{0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f}"] {
        assert!(refused(read(wrong)), "{wrong}");
    }
}

#[test]
fn a_position_is_a_number() {
    let read = |value| min_position(&given("annals-min-position", &[value]));
    assert_eq!(read("1042").unwrap(), Some(1042));
    for wrong in ["", "-1", "+1", "1.0", "1e3", "soon", "18446744073709551616"] {
        assert!(refused(read(wrong)), "{wrong}");
    }
}

#[test]
fn a_client_resumes_after_a_position_or_a_place_in_it() {
    let read = |value| last_event_id(&given("last-event-id", &[value]));
    assert_eq!(read("1042").unwrap(), Some(Address::whole(1042)));
    assert_eq!(read("1042.3").unwrap(), Some(Address::new(1042, 3)));
    assert!(refused(read("soon")));
    assert!(refused(within_last_event_id(read("8.0").unwrap(), 7)));
    assert!(within_last_event_id(read("7").unwrap(), 7).is_ok());
}

#[test]
fn a_wait_has_a_default_and_a_limit() {
    let wait = |values: &[&str]| wait_ms(&given("prefer", values));
    assert_eq!(wait(&[]), 2_000);
    assert_eq!(wait(&["wait=5"]), 5_000);
    assert_eq!(wait(&["respond-async, Wait = \"0\"; x=y"]), 0);
    assert_eq!(wait(&["wait=31"]), 30_000);
    assert_eq!(wait(&["wait=99999999999999999999999"]), 30_000);
    assert_eq!(wait(&["handling=lenient", "wait=7, wait=9"]), 7_000);
    assert_eq!(wait(&["wait=-1, wait=soon, wait"]), 2_000);
    assert_eq!(
        wait(&["wait=٥", "handling=\"wait=3, wait=4\", wait=7"]),
        7_000,
        "what cannot be read is skipped"
    );
}

#[test]
fn a_client_that_will_not_wait_says_so() {
    let is_async = |values: &[&str]| respond_async(&given("prefer", values));
    for said in ["respond-async", "Respond-Async", "wait=5, respond-async; x=y", " respond-async ,wait=5"] {
        assert!(is_async(&[said]), "{said}");
    }
    assert!(is_async(&["wait=5", "respond-async"]));
    for other in ["", "wait=5", "respond-async=no", "respond", "handling=lenient; respond-async"] {
        assert!(!is_async(&[other]), "{other}");
    }
    for other in ["respond-asynç", r#"foo="x, respond-async, y""#, r#"foo="\", respond-async, ""#] {
        assert!(!is_async(&[other]), "{other}");
    }
    for said in [r#"foo="x, y", respond-async"#, r#"foo="\\", respond-async"#] {
        assert!(is_async(&[said, "wait=٥"]), "{said}");
    }
}

#[test]
fn a_malformed_trace_is_ignored() {
    let trace_of = |value| trace(&given("traceparent", &[value]));
    assert!(trace_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is_some());
    assert!(trace_of("00-ü").is_none());
}
