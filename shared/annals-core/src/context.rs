//! Where a command comes from: carried along to every event and reaction that follows.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Who, why, from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// Shared by everything that follows from one request.
    pub correlation_id: Uuid,
    /// The command's own id, or the id of the event that a reactor acted on.
    pub causation_id: Uuid,
    /// Who gave the command: `anonymous`, or `reactor:{name}`.
    pub actor: String,
    /// The client's own notes: a flat object of scalars.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// The trace that this is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceParent>,
}

/// A W3C trace context (`traceparent`, version 00): `00-{trace}-{span}-{flags}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// Begins a trace with the given ids (made non-zero, as the standard asks).
    #[must_use]
    pub fn new(trace: u128, span: u64) -> Self {
        Self { trace: trace.max(1), span: span.max(1), flags: 1 }
    }

    /// Reads a header; `None` if it is not well-formed, in which case the standard says to ignore it.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let [version, trace, span, flags] = header.split('-').collect::<Vec<_>>().try_into().ok()?;
        let lower_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let shaped = version == "00" && lower_hex(trace, 32) && lower_hex(span, 16) && lower_hex(flags, 2);
        let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        (shaped && trace != 0 && span != 0).then_some(Self { trace, span, flags })
    }

    /// The same trace, seen from the next step, whose own id is `span`.
    #[must_use]
    pub fn child(self, span: u64) -> Self {
        Self { span: span.max(1), ..self }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl From<TraceParent> for String {
    fn from(trace: TraceParent) -> Self {
        trace.to_string()
    }
}

impl TryFrom<String> for TraceParent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a traceparent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_survives_the_round_trip() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceParent::parse(text).map(|trace| trace.to_string()).as_deref(), Some(text));
    }

    #[test]
    fn what_is_not_a_traceparent_is_ignored() {
        for text in [
            "",
            "nonsense",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }
}
