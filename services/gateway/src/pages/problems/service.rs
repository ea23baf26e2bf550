//! What is wrong on our side.

use super::Explanation;

pub const INTERNAL_ERROR: Explanation = Explanation {
    meaning: "This is a defect of the service, whatever the request was.",
    cause: "Something happened that was not thought of. It is in the log of the service.",
    remedy: "Please report it, with the time and the header `X-Correlation-Id` of the answer. A command may be \
        repeated with the same `Idempotency-Key`: it is carried out once.",
    request: "curl localhost:8080/v1/views",
    detail: "The gateway has a defect. It has been logged.",
    data: "{}",
};

pub const UNAVAILABLE: Explanation = Explanation {
    meaning: "The log, or a service that is needed for this, cannot be reached right now. Nothing was done.",
    cause: "It is being started, restarted or moved, the network is in the way, or more is asked at once than there are \
        places for.",
    remedy: "Send it again after `Retry-After`. `/readyz` says which service is missing.",
    request: "curl localhost:8080/v1/views/balances",
    detail: "The log cannot be reached.",
    data: "{}",
};

pub const PROJECTION_BEHIND: Explanation = Explanation {
    meaning: "The view, or the index of events, has not come as far as was asked for, so nothing older is answered \
        instead.",
    cause: "A view follows the log, mostly by milliseconds. It is behind while it catches up after a pause, or while it \
        is built for the first time. Streams and events are looked up in an index that follows the log likewise; what \
        they are asked for is always the latest.",
    remedy: "Send it again after `Retry-After`, or let a view wait longer: `Prefer: wait=30`. `position` says how far it \
        is, `wanted` how far it should be. Without `Annals-Min-Position` a view that has once been complete answers what \
        it has.",
    request: "curl -H 'Annals-Min-Position: 1042' localhost:8080/v1/views/balances",
    detail: "Everything up to 1042 was asked for, and it is done up to 1007 so far.",
    data: r#"{"position": 1007, "wanted": 1042}"#,
};

pub const EVENT_QUARANTINED: Explanation = Explanation {
    meaning: "An event that cannot be read is in the way of what was asked for.",
    cause: "It was written by a newer release, or the log is damaged. Views stop in front of such an event, since what \
        follows may depend on it; other views go on. A message that does not belong to the log stops nothing: it is \
        skipped.",
    remedy: "`detail` says where it stands. Run the release that can read it: the view tries again, every 64 s at the \
        latest. Without `Annals-Min-Position` the view answers as far as it is.",
    request: "curl localhost:8080/v1/events?after=1039",
    detail: "The log cannot be read: the entry at position 1040 cannot be read: missing field `commandid`.",
    data: "{}",
};

pub const OUTCOME_UNKNOWN: Explanation = Explanation {
    meaning: "The log did not answer in time, so nobody can say whether the command is stored.",
    cause: "The log stopped, or was cut off, between the command's being sent to it and its being confirmed.",
    remedy: "Send it again with the same `Idempotency-Key`: if it is stored, the answer is that of the first time, and if \
        not, it is carried out now. Without a key, read the stream first.",
    request: "curl --json '{\"amount\": 250}' -H 'Idempotency-Key: monday' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "The log did not answer in time. Repeat the command with the same Idempotency-Key.",
    data: "{}",
};
