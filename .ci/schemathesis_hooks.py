"""What schemathesis cannot know from the document."""

import re

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# What OpenAPI has no words for: what two parameters are together, what depends on the log, and that 266.0 is no
# whole number of cents, although JSON Schema takes it for an integer.
EXCUSES = re.compile(
    r"contradicts|is beyond the end of the log|cursor is not one that this view has given|floating point `-?\d+\.0`"
)


@schemathesis.hook
def filter_case(_, case):
    """Headers that nobody knows are not refused: whatever lies in between adds some."""
    return not any("unknown-property" in name.lower() for name in case.headers or {})


def is_torn(case):
    """Schemathesis holds strings like `"0` for what the pattern of `If-Match` describes, which they are not."""
    version = (case.headers or {}).get("If-Match", '"0"')
    return not re.fullmatch('"[0-9]+"', version)


@schemathesis.check
def valid_requests_are_understood(context, response, case):
    """Whether one succeeds depends on what has happened; that it fits does not."""
    if response.status_code in (409, 412, 422, 503):
        return None
    if response.status_code == 400 and (EXCUSES.search(response.text) or is_torn(case)):
        return None
    return positive_data_acceptance(context, response, case)


@schemathesis.check
def says_when_to_come_back(_, response, case):
    """Whoever is sent away for a while is told for how long."""
    if response.status_code == 503:
        assert "retry-after" in response.headers, f"503 without Retry-After: {case.operation.label}"
