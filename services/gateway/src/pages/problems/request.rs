//! What is wrong with a request itself, whatever has happened so far. Nothing was sent on, and nothing
//! is stored.

use super::Explanation;

pub const MALFORMED_REQUEST: Explanation = Explanation {
    meaning: "What came over the connection is not an HTTP/1.1 request.",
    cause: "The first bytes could not be read as a request: another protocol (TLS, HTTP/2 without an upgrade), \
        a broken line, or an address that does not begin with a slash. The connection is closed after the answer.",
    remedy: "Look at the scheme and the port that the client uses. This is plain HTTP/1.1.",
    request: "printf 'nonsense\\r\\n\\r\\n' | nc localhost 8080",
    detail: "What was sent is not an HTTP/1.1 request.",
    data: "{}",
};

pub const MALFORMED_JSON: Explanation = Explanation {
    meaning: "The body is not JSON.",
    cause: "It ends too early, has a comma too many, is not UTF-8, or names the same key twice: two readers could \
        then see two different commands.",
    remedy: "`detail` says where the reading stopped. Let a JSON library write the body, not a template.",
    request: "curl --json '{\"amount\": 250' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "The body is not JSON: EOF while parsing an object at line 1 column 14.",
    data: "{}",
};

pub const INVALID_PAYLOAD: Explanation = Explanation {
    meaning: "The body is JSON, but not what this command takes.",
    cause: "A field is missing, unknown, of another type, or outside of its bounds. This is checked before the \
        aggregate is looked at.",
    remedy: "`errors` lists each of them: `pointer` says where (a JSON Pointer, RFC 6901), `detail` says what. The \
        schema of every command is in `/v1/catalog` and in `/openapi.json`.",
    request: "curl --json '{\"amount\": -1}' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "`/amount` does not fit: must be a whole number of cents from 1 to 100000000000, and is -1.",
    data: r#"{"errors": [{"pointer": "/amount", "detail": "must be a whole number of cents from 1 to 100000000000, and is -1"}]}"#,
};

pub const INVALID_ID: Explanation = Explanation {
    meaning: "The id of the aggregate is not a UUID.",
    cause: "Ids are chosen by the client, as UUIDs of any version with their four hyphens; case does not matter.",
    remedy: "Draw one (`uuidgen`, or `python3 -c 'import uuid; print(uuid.uuid4())'`) and keep it.",
    request: "curl localhost:8080/v1/streams/account/7",
    detail: "The id is not a UUID like 0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f.",
    data: "{}",
};

pub const INVALID_HEADER: Explanation = Explanation {
    meaning: "A header is there, and does not say what it may say.",
    cause: "A header that cannot be understood is refused, never ignored: `If-Match` without quotes, an \
        `Idempotency-Key` with blanks, an `X-Correlation-Id` that is not a UUID, an `Annals-Min-Position` beyond \
        the log's end, or a header twice that may be there once.",
    remedy: "`detail` names the header and its rule.",
    request: "curl -H 'Annals-Min-Position: soon' localhost:8080/v1/views/balances",
    detail: "The header `annals-min-position` is not a position.",
    data: "{}",
};

pub const INVALID_QUERY: Explanation = Explanation {
    meaning: "A parameter behind the question mark is unknown, twice there, or out of bounds.",
    cause: "An unknown parameter is refused, never ignored: a misspelt filter must not answer everything. Views are \
        filtered by the columns that they declare, and no other.",
    remedy: "`detail` names the parameter. `/v1/catalog` lists the `filters` of every view; a `cursor` is taken as it \
        was given, for the same view.",
    request: "curl 'localhost:8080/v1/views/balances?limit=1000'",
    detail: "The query parameter `limit` is not a number from 1 to 500.",
    data: "{}",
};

pub const FORBIDDEN: Explanation = Explanation {
    meaning: "It was understood, and it is not allowed.",
    cause: "A browser sent a command from a page of another host. Forms need nobody's leave to do that, so the \
        headers `Origin` and `Sec-Fetch-Site` are looked at.",
    remedy: "Send it from a page of this host. Clients that are not browsers send neither of the two headers.",
    request: "curl -d 'author=Eve' -H 'Origin: http://elsewhere.example' localhost:8080/posts",
    detail: "This was not sent from a page of this host.",
    data: "{}",
};

pub const METHOD_NOT_ALLOWED: Explanation = Explanation {
    meaning: "There is something at this address, but not for this method.",
    cause: "Commands are given with `POST`, everything else is read with `GET` or `HEAD`.",
    remedy: "The header `Allow` of the answer lists the methods.",
    request: "curl -X DELETE localhost:8080/v1/events",
    detail: "The header `Allow` says which methods are allowed here.",
    data: "{}",
};

pub const NOT_ACCEPTABLE: Explanation = Explanation {
    meaning: "The header `Accept` excludes everything that is served here.",
    cause: "The API answers `application/json`, and failures `application/problem+json`.",
    remedy: "Leave the header out, or let `application/json` be among what it names.",
    request: "curl -H 'Accept: application/xml' localhost:8080/v1/views",
    detail: "Only application/json is served here.",
    data: "{}",
};

pub const REQUEST_TIMEOUT: Explanation = Explanation {
    meaning: "The request did not come to its end in time.",
    cause: "A head may take 30 s from the connection's beginning, a body 15 s. What is slower holds a place that \
        others need.",
    remedy: "Nothing was done. Send it again, in one go.",
    request: "(printf 'GET / HTTP/1.1\\r\\n'; sleep 40) | nc localhost 8080",
    detail: "The head of the request did not come to its end in time.",
    data: "{}",
};

pub const PAYLOAD_TOO_LARGE: Explanation = Explanation {
    meaning: "The body is too large, or what it leads to is.",
    cause: "A body has 256 KiB at most. The events of one command take 512 KiB at most.",
    remedy: "Give several smaller commands. What is really large belongs elsewhere; keep its address in the event.",
    request: "head -c 300000 /dev/zero | curl --json @- \\\n  \
        localhost:8080/v1/commands/post/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/publish",
    detail: "The body is larger than 262144 bytes, which are the most.",
    data: "{}",
};

pub const URI_TOO_LONG: Explanation = Explanation {
    meaning: "The address is too long.",
    cause: "An address has 8000 bytes at most, with all that stands behind the question mark.",
    remedy: "Ask for less at once: fewer event types, or fewer filters.",
    request: "curl \"localhost:8080/v1/events?type=$(printf 'A,%.0s' {1..5000})\"",
    detail: "The address takes 10016 bytes, and 8000 are the most.",
    data: "{}",
};

pub const UNSUPPORTED_MEDIA_TYPE: Explanation = Explanation {
    meaning: "The body is not sent in a form that is taken here.",
    cause: "Commands are JSON, and say so with `Content-Type: application/json`.",
    remedy: "Set the header. `curl --json` does it by itself, `curl -d` says that it is a form.",
    request: "curl -d '{\"amount\": 250}' \\\n  \
        localhost:8080/v1/commands/account/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/deposit",
    detail: "The body must be application/json in UTF-8, and not be compressed.",
    data: "{}",
};

pub const HEAD_TOO_LARGE: Explanation = Explanation {
    meaning: "The request has too many headers, or too large ones.",
    cause: "A head has 100 headers and 64 KiB at most. Cookies of other services on the same host are a common cause.",
    remedy: "Send what is needed: nothing here reads cookies.",
    request: "curl -H \"X-Much: $(head -c 70000 /dev/zero | tr '\\0' x)\" localhost:8080/v1/views",
    detail: "The head of the request has too many headers, or too large ones.",
    data: "{}",
};
