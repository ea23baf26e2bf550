//! What was asked does not go with what is there, or with what has happened.

use super::Explanation;

pub const UNKNOWN_CATEGORY: Explanation = Explanation {
    meaning: "There is no such kind of aggregate.",
    cause: "The address, or the field `command`, names a category that this system does not have.",
    remedy: "`known` lists those that there are; `/v1/catalog` describes them.",
    request: "curl localhost:8080/v1/streams/acount/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f",
    detail: "There is no category `acount`. There are `account`, `post`.",
    data: r#"{"known": ["account", "post"]}"#,
};

pub const UNKNOWN_COMMAND: Explanation = Explanation {
    meaning: "The category is there, and knows no such command.",
    cause: "It is misspelt, or it is one that only reactors give: those are internal, and HTTP does not know them.",
    remedy: "`known` lists those that there are; `/v1/catalog` has the schema of each.",
    request: "curl --json '{}' \\\n  \
        localhost:8080/v1/commands/post/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/edit",
    detail: "There is no command of `post` named `edit`. There are `delete`, `publish`.",
    data: r#"{"known": ["delete", "publish"]}"#,
};

pub const UNKNOWN_VIEW: Explanation = Explanation {
    meaning: "There is no such view.",
    cause: "The address names a view that this system does not have.",
    remedy: "`known` lists those that there are; `/v1/views` tells their columns, and how far each has come.",
    request: "curl localhost:8080/v1/views/balance",
    detail: "There is no view `balance`. There are `balances`, `statements`.",
    data: r#"{"known": ["balances", "statements"]}"#,
};

pub const NOT_FOUND: Explanation = Explanation {
    meaning: "There is nothing at this address.",
    cause: "No route leads there; or the stream has no event, the view no such row, the aggregate no such version. A \
        view follows the log a moment later: what was just written may not show yet.",
    remedy: "To see your own write, send the `position` that the command returned as `Annals-Min-Position`. \
        `/openapi.json` lists all routes.",
    request: "curl localhost:8080/v1/views/balances/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f",
    detail: "There is no such row.",
    data: "{}",
};

pub const CONFLICT: Explanation = Explanation {
    meaning: "Other writers were faster every time. Nothing is stored.",
    cause: "A command is decided on what the log holds, and stored only if nothing was written since. One command service \
        at a time writes, so this happens only while one takes over from another.",
    remedy: "Send it again after a short while. If this happens often, look at the logs of the command services: something \
        makes them take over from each other.",
    request: "curl --json '{\"amount\": 250}' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "Other writers won every try. Nothing is stored; try again.",
    data: "{}",
};

pub const COMMAND_IN_FLIGHT: Explanation = Explanation {
    meaning: "The first command with this `Idempotency-Key` is still being carried out.",
    cause: "The key was sent twice within a short time. The second waited for the outcome of the first, for 5 s.",
    remedy: "Send it again after `Retry-After`, with the same key: the answer is then that of the first.",
    request: "curl --json '{\"amount\": 250}' -H 'Idempotency-Key: monday' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "The first command with this Idempotency-Key is still being carried out.",
    data: "{}",
};

pub const VERSION_MISMATCH: Explanation = Explanation {
    meaning: "The stream is at another version than the request asks for. Nothing is stored.",
    cause: "`If-Match` names the version that the client has seen, and something has happened since; or \
        `If-None-Match: *` asks for a stream without events, and it has some.",
    remedy: "`version`, and the header `ETag`, say where the stream is. Read it, decide again, and send the command with \
        that version.",
    request: "curl --json '{\"amount\": 250}' -H 'If-Match: \"3\"' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "The stream is at version 4.",
    data: r#"{"version": 4}"#,
};

pub const REFUSED: Explanation = Explanation {
    meaning: "The aggregate says no: its rules do not allow this now. Nothing is stored.",
    cause: "The command is well formed, and what has happened so far is in its way. `reason` names the rule, `detail` \
        says it in words, and the data that goes with it stands beside it.",
    remedy: "Look at the reason. The same command may be accepted later, when something else has happened: it is then \
        decided anew, also under the same `Idempotency-Key`.",
    request: "curl --json '{\"amount\": 1000}' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/withdraw",
    detail: "The account holds 1.50, which is less than 10.00.",
    data: r#"{"reason": "insufficient-funds", "balance": 150, "amount": 1000}"#,
};

pub const IDEMPOTENCY_KEY_REUSED: Explanation = Explanation {
    meaning: "This `Idempotency-Key` was already given to another command on the same aggregate.",
    cause: "A key stands for one command with one body, for ever. This one came with another command, or with another \
        body.",
    remedy: "Draw a new key for every new command, and use it again only to repeat that one.",
    request: "curl --json '{\"amount\": 300}' -H 'Idempotency-Key: monday' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "This Idempotency-Key was given to another command on the same aggregate.",
    data: "{}",
};
