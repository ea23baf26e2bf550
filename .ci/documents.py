"""What others who read such documents for a living say about ours."""

import json
import subprocess
import sys
import tempfile

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from system import ROOT


def check(system, node):
    """Both documents as they are served, with `node` where the AsyncAPI parser is installed."""
    openapi, asyncapi = system.get("/openapi.json"), system.get("/asyncapi.json")
    OpenAPIV31SpecValidator(openapi).validate()
    print(f"OpenAPI {openapi['openapi']}: {len(openapi['paths'])} paths")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asyncapi, file)
        file.flush()
        command = ["node", ROOT / ".ci/asyncapi.mjs", node, file.name]
        if subprocess.run(command, timeout=120).returncode != 0:
            sys.exit("/asyncapi.json is not AsyncAPI")
    for name, document in [("openapi", openapi), ("asyncapi", asyncapi)]:
        schemas = list(schemas_of(document))
        for schema in schemas:
            Draft202012Validator.check_schema(schema)
        print(f"/{name}.json: {len(schemas)} schemas are JSON Schema 2020-12")


def schemas_of(node):
    """All that stands where a schema stands; what is in it is checked with it."""
    if isinstance(node, list):
        for item in node:
            yield from schemas_of(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("schema", "payload"):
                yield value
            elif name == "schemas":
                yield from value.values()
            elif name not in ("example", "examples"):
                yield from schemas_of(value)
