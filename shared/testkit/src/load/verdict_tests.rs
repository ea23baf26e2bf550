use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName},
};
use serde_json::json;

use super::*;

const ACCOUNT: Uuid = Uuid::from_u128(1);

fn answer(status: u16, headers: &[(&str, &str)], json: Value) -> Answer {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, text: json.to_string(), json }
}

fn accepted(version: u64, headers: &[(&str, &str)]) -> Answer {
    let etag = format!("\"{version}\"");
    let headers = [&[("etag", etag.as_str()), ("annals-position", "7")], headers].concat();
    let body = json!({
        "command_id": Uuid::from_u128(5), "id": ACCOUNT, "version": version, "position": 7, "events": [{}],
    });
    answer(if version == 1 { 201 } else { 200 }, &headers, body)
}

fn problem(status: u16, code: &str) -> Answer {
    answer(status, &[], json!({ "code": code }))
}

fn deposit() -> Order {
    Order::deposit(ACCOUNT, 5)
}

#[track_caller]
fn is_fault(order: &Order, answer: &Answer, what: &str) {
    match judge(order, answer, true) {
        Some(Verdict::Fault(fault)) => assert!(fault.starts_with(what), "{fault}"),
        other => panic!("{other:?} instead of: {what}"),
    }
}

#[test]
fn an_acknowledgement_says_where_it_is() {
    let verdict = judge(&deposit(), &accepted(3, &[]), true);
    let Some(Verdict::Acknowledged(acknowledged)) = verdict else { panic!("{verdict:?}") };
    assert_eq!((acknowledged.version, acknowledged.position), (3, 7));
}

#[test]
fn a_doubt_leads_to_a_repeat() {
    assert!(judge(&deposit(), &problem(504, "outcome-unknown"), true).is_none());
    let unavailable = answer(503, &[("retry-after", "1")], json!({ "code": "unavailable" }));
    assert!(judge(&deposit(), &unavailable, true).is_none());
}

#[test]
fn what_the_contract_does_not_allow_is_a_fault() {
    is_fault(&deposit(), &problem(500, "internal-error"), "undocumented");
    is_fault(&deposit(), &problem(400, "invalid-payload"), "undocumented");
    is_fault(&deposit(), &problem(503, "unavailable"), "no Retry-After");
    is_fault(&deposit(), &problem(422, "refused"), "refused for another reason");
    is_fault(&deposit(), &problem(412, "version-mismatch"), "412 without a precondition");
    is_fault(&deposit(), &accepted(3, &[("idempotency-replayed", "true")]), "the first answer says");
    let in_vain = Order { may_succeed: false, ..deposit() };
    is_fault(&in_vain, &accepted(3, &[]), "carried out against the rules");
    let elsewhere = Order { if_match: Some(4), ..deposit() };
    is_fault(&elsewhere, &accepted(3, &[]), "If-Match was not heeded");
}

#[test]
fn the_client_has_to_make_the_same_of_an_answer() {
    let body = json!({
        "command_id": Uuid::from_u128(5), "category": "account", "id": ACCOUNT, "version": 3, "position": 7,
        "events": [],
    });
    let accepted_as = |accepted: Accepted| Ok(Outcome::Accepted(accepted));
    let accepted: Accepted = serde_json::from_str(&body.to_string()).unwrap();
    let acknowledged = judge(&deposit(), &self::accepted(3, &[]), true).unwrap();
    assert!(is_shared(&acknowledged, &accepted_as(accepted.clone())));
    assert!(!is_shared(&acknowledged, &accepted_as(Accepted { position: 8, ..accepted.clone() })));
    assert!(!is_shared(&acknowledged, &Err(Error::Address(String::new()))));
    assert!(!is_shared(&Verdict::TurnedDown, &accepted_as(accepted)));
}
