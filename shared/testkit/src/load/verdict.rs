//! What an answer to a command is worth. Whatever the contract does not allow is a fault.

use annals_client::{Accepted, Error, Outcome};
use serde_json::Value;
use uuid::Uuid;

use super::{Acknowledged, order::Order};
use crate::Answer;

/// What a final answer says of a command.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is on disk.
    Acknowledged(Acknowledged),
    /// It is not, and will not be.
    TurnedDown,
    /// The answer should not have been given.
    Fault(String),
}

/// Judges an answer; none if it decides nothing, and the command is to be sent again under its key.
/// `first` unless it has been sent before.
pub(crate) fn judge(order: &Order, answer: &Answer, first: bool) -> Option<Verdict> {
    let code = answer.json["code"].as_str().unwrap_or_default();
    let judged = match (answer.status.as_u16(), code) {
        (200 | 201, _) => acknowledged(order, answer, first).map(|it| Some(Verdict::Acknowledged(it))),
        (422, "refused") => refused(order, answer).map(|()| Some(Verdict::TurnedDown)),
        (412, "version-mismatch") => mismatched(order, answer).map(|()| Some(Verdict::TurnedDown)),
        (504, "outcome-unknown") | (409, "conflict") => Ok(None),
        (503, "unavailable") | (429, "rate-limited") | (409, "command-in-flight") => {
            ensure(!answer.header("retry-after").is_empty(), "no Retry-After").map(|()| None)
        }
        _ => Err("undocumented"),
    };
    judged.unwrap_or_else(|what| {
        Some(Verdict::Fault(format!("{what}: {order:?} -> {} {}", answer.status, answer.text)))
    })
}

fn acknowledged(order: &Order, answer: &Answer, first: bool) -> Result<Acknowledged, &'static str> {
    ensure(order.may_succeed, "carried out against the rules")?;
    let body = &answer.json;
    let number = |value: &Value| value.as_u64().ok_or("a number is missing");
    let (version, position) = (number(&body["version"])?, number(&body["position"])?);
    ensure(body["id"] == order.id.to_string(), "about another aggregate")?;
    ensure(body["events"].as_array().is_some_and(|events| events.len() == 1), "not one event")?;
    ensure((answer.status == 201) == (version == 1), "201 means that the stream began")?;
    ensure(answer.header("etag") == format!("\"{version}\""), "the ETag is not the version")?;
    ensure(answer.header("annals-position") == position.to_string(), "Annals-Position is another")?;
    ensure(order.if_match.is_none_or(|expected| version == expected + 1), "If-Match was not heeded")?;
    let replayed = answer.header("idempotency-replayed");
    ensure(!first || replayed.is_empty(), "the first answer says that it is a repeat")?;
    let command_id = body["command_id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let command_id = command_id.ok_or("no command id")?;
    Ok(Acknowledged { command_id, id: order.id, version, position })
}

fn refused(order: &Order, answer: &Answer) -> Result<(), &'static str> {
    let body = &answer.json;
    ensure(order.refusal.is_some_and(|reason| body["reason"] == reason), "refused for another reason")?;
    let enough = || body["balance"].as_u64() >= body["amount"].as_u64();
    ensure(order.refusal != Some("insufficient-funds") || !enough(), "there was enough money")
}

fn mismatched(order: &Order, answer: &Answer) -> Result<(), &'static str> {
    let expected = order.if_match.ok_or("412 without a precondition")?;
    ensure(
        answer.json["version"].as_u64().is_some_and(|version| version > expected),
        "it was at that version",
    )
}

/// Whether the client makes the same of an answer.
pub(crate) fn is_shared(verdict: &Verdict, outcome: &Result<Outcome, Error>) -> bool {
    match (verdict, outcome) {
        (Verdict::Acknowledged(ours), Ok(Outcome::Accepted(theirs))) => {
            let Accepted { command_id, id, version, position, .. } = *theirs;
            *ours == Acknowledged { command_id, id, version, position }
        }
        (Verdict::TurnedDown, Ok(Outcome::Refused(_) | Outcome::Problem(_))) | (Verdict::Fault(_), _) => true,
        (Verdict::Acknowledged(_) | Verdict::TurnedDown, _) => false,
    }
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    holds.then_some(()).ok_or(otherwise)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
