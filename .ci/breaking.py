#!/usr/bin/env python3
"""Fails if `docs/api` breaks clients in a way that `CHANGELOG.md` does not name.

Each commit that changed a document since the last release is compared with what was there before it, and
what lies in the working tree with the last of them (`revisions.py`); `.ci/breaking.py REVISION` compares
with that one only. A change is named by an entry below `[Unreleased]`, then or now, that begins with
`- **Breaking**` and has the place between backticks, as this script prints it:

    - **Breaking**: `GET /v1/views/balances` no longer knows `owner_email`, ...
"""

import json
import re
import sys
from pathlib import Path

import revisions

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = "CHANGELOG.md"
DOCUMENTS = ["docs/api/openapi.json", "docs/api/asyncapi.json"]
METHODS = ["get", "put", "post", "delete", "patch"]
# What a value must not exceed, and what it must not fall below.
MOST = ["maximum", "maxLength", "maxItems", "maxProperties"]
LEAST = ["minimum", "minLength", "minItems", "minProperties"]
# Lists that get longer in time, as clients are told: codes, the reasons of refusals, and types of events.
OPEN = re.compile(r"^problems\.|\.(refusals|events)\.")


class Comparison:
    """What has changed from `old` to `new`, as far as it breaks somebody: places, each with what is wrong."""

    def __init__(self, old, new):
        self.old, self.new, self.found, self.seen = old, new, [], set()

    def break_(self, place, what):
        if (place, what) not in self.found:
            self.found.append((place, what))

    def openapi(self):
        for path, methods in self.old.get("paths", {}).items():
            for method in [method for method in METHODS if method in methods]:
                there = self.new["paths"].get(path, {}).get(method)
                place = f"{method.upper()} {path}"
                if there:
                    self.operation(place, methods[method], there)
                else:
                    self.break_(place, "is gone")
        return self.found

    def operation(self, place, old, new):
        old_parameters, new_parameters = self.parameters(self.old, old), self.parameters(self.new, new)
        for key in old_parameters.keys() - new_parameters.keys():
            self.break_(place, f"the parameter {key[1]} is gone")
        for key, parameter in new_parameters.items():
            before = old_parameters.get(key)
            if parameter.get("required") and not (before and before.get("required")):
                self.break_(place, f"the parameter {key[1]} is required")
            if before:
                self.schema(place, before["schema"], parameter["schema"], True)
        old_body, new_body = old.get("requestBody", {}), new.get("requestBody", {})
        if new_body.get("required") and not old_body.get("required"):
            self.break_(place, "a body is required")
        self.contents(place, old_body, new_body, True)
        for status, answer in old["responses"].items():
            if status in new["responses"]:
                self.answer(place, meant(self.old, answer), meant(self.new, new["responses"][status]))
            elif status.startswith(("2", "3")):
                self.break_(place, f"{status} is never answered")
            else:
                for code in codes(self.old, answer):
                    self.break_(place, f"{code} is never answered with {status}")

    def answer(self, place, old, new):
        for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            self.break_(place, f"the header {header} is gone")
        self.contents(place, old, new, False)

    def contents(self, place, old, new, sent):
        for kind, content in old.get("content", {}).items():
            if kind in new.get("content", {}):
                self.schema(place, content["schema"], new["content"][kind]["schema"], sent)
            else:
                self.break_(place, f"{kind} is gone")

    @staticmethod
    def parameters(document, operation):
        parameters = [meant(document, it) for it in operation.get("parameters", [])]
        return {(it["in"], it["name"].lower()): it for it in parameters}

    def asyncapi(self):
        for name, operation in self.old.get("operations", {}).items():
            there = self.new["operations"].get(name)
            if not there:
                self.break_(name, "is gone")
                continue
            old, new = meant(self.old, operation["channel"]), meant(self.new, there["channel"])
            if old["address"] != new["address"]:
                self.break_(name, "goes by another subject")
            for message, described in old["messages"].items():
                if message in new["messages"]:
                    self.message(message, described, new["messages"][message], operation["action"])
                else:
                    self.break_(message, "is gone")
        return self.found

    def message(self, place, old, new, action):
        old, new = meant(self.old, old), meant(self.new, new)
        if old.get("contentType") != new.get("contentType"):
            self.break_(place, "has another content type")
        self.schema(place, old["payload"], new["payload"], action == "receive")

    def schema(self, place, old, new, sent):
        """What is `sent` to us must still be taken, and what we send must still be understood."""
        if "$ref" in old:
            place = old["$ref"].rsplit("/", 1)[-1]
        pair = (json.dumps([old, new], sort_keys=True), sent, place)
        if pair in self.seen:
            return
        self.seen.add(pair)
        old, new = meant(self.old, old), meant(self.new, new)
        before, after = types(old), types(new)
        if (before - after and sent) or (after - before and not sent):
            self.break_(place, f"was {' or '.join(sorted(before))} and is {' or '.join(sorted(after))}")
        self.values(place, values(old), values(new), sent)
        self.object(place, old, new, sent)
        self.bounds(place, old, new, sent)
        if "items" in old and "items" in new:
            self.schema(place, old["items"], new["items"], sent)
        for word in ["oneOf", "anyOf", "allOf"]:
            self.choices(place, word, old, new, sent)

    def values(self, place, old, new, sent):
        if old and new:
            for value in old - new:
                self.break_(place, f"{value} is none of its values any more")
            for value in new - old if not sent else []:
                self.break_(place, f"{value} is one of its values")
        elif new and sent:
            self.break_(place, "takes some values only")
        elif old and not sent:
            self.break_(place, "may have any value")

    def object(self, place, old, new, sent):
        for name, schema in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                self.schema(f"{place}.{name}", schema, new["properties"][name], sent)
            else:
                self.break_(place, f"the field {name} is gone")
        needed, before = set(new.get("required", [])), set(old.get("required", []))
        for name in needed - before if sent else before - needed:
            self.break_(place, f"the field {name} {'is required' if sent else 'may be missing'}")
        if sent and new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
            self.break_(place, "takes no further fields")

    def bounds(self, place, old, new, sent):
        """What is sent may get more freedom, and what is answered less."""
        wide, tight = (old, new) if sent else (new, old)
        lower = [it for it in MOST if it in tight and tight[it] < wide.get(it, float("inf"))]
        higher = [it for it in LEAST if it in tight and tight[it] > wide.get(it, float("-inf"))]
        other = [it for it in ["pattern", "format"] if it in tight and tight[it] != wide.get(it)]
        for word in lower + higher + other:
            self.break_(place, f"{word} is {new.get(word, 'gone')}")

    def choices(self, place, word, old, new, sent):
        before, after = keyed(old.get(word, [])), keyed(new.get(word, []))
        for key, schema in before.items():
            if key in after:
                inner = schema.get("then", schema), after[key].get("then", after[key])
                self.schema(place, *inner, sent)
            elif not sent or word != "allOf":
                self.break_(place, f"{key} is gone from it")
        for key in after.keys() - before.keys():
            if sent and word == "allOf":
                self.break_(place, f"{key} is asked of it")
            elif not sent and word != "allOf" and before and not OPEN.search(key):
                self.break_(place, f"may be {key}")


def meant(document, thing):
    """What a `$ref` leads to, or the thing itself."""
    while "$ref" in thing:
        place = thing["$ref"].lstrip("#/").split("/")
        thing = document
        for name in place:
            thing = thing[name.replace("~1", "/").replace("~0", "~")]
    return thing


def codes(document, answer):
    """What tells apart the failures of an answer."""
    contents = meant(document, answer).get("content", {}).values()
    return {key for it in contents for key in keyed(it["schema"].get("anyOf", []))}


def types(schema):
    """Anything goes where no type is named, which is a type of its own here."""
    named = schema.get("type", "anything")
    named = set(named if isinstance(named, list) else [named])
    return {"integer", "number"} if named == {"number"} else named


def values(schema):
    """The only values, if there are only some."""
    only = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return {json.dumps(value) for value in only}


def keyed(choices):
    """Choices by what tells them apart: a name, or the constants in them; else by their place."""
    keys = {}
    for place, choice in enumerate(choices):
        fields = choice.get("if", choice).get("properties", {})
        constants = [it["const"] for name, it in sorted(fields.items()) if "const" in it and name != "schema"]
        name = choice.get("$ref", "").rsplit("/", 1)[-1] or " ".join(map(str, constants))
        keys[name or (choice.get("type") if isinstance(choice.get("type"), str) else f"choice {place}")] = choice
    return keys


def compare(old, new):
    comparison = Comparison(old, new)
    return comparison.openapi() if "openapi" in new else comparison.asyncapi()


def unnamed(found, changelog):
    """What the changelog does not name."""
    unreleased = changelog.split("## [Unreleased]", 1)[-1].split("\n## [", 1)[0]
    entries = re.split(r"^- ", unreleased, flags=re.M)
    named = " ".join(re.sub(r"\s+", " ", entry) for entry in entries if entry.startswith("**Breaking**"))
    return [(place, what) for place, what in found if f"`{place}`" not in named]


def steps(document):
    """What a document was before and after each change that clients have seen, with the changelog then."""
    now = (ROOT / document).read_text(), (ROOT / CHANGELOG).read_text()
    if len(sys.argv) > 1:
        before = revisions.read(sys.argv[1], document)
        return [(f"{sys.argv[1]} to here", before, *now)] if before else []
    seen = [(it, revisions.read(it, document)) for it in revisions.since_the_release(document)]
    seen = [(it, text) for it, text in seen if text is not None]
    changelogs = [revisions.read(it, CHANGELOG) or "" for it, _ in seen[1:]]
    after = [(it, text, log) for (it, text), log in zip(seen[1:], changelogs)] + [("the working tree", *now)]
    return [(f"{old} to {it}", before, text, log) for (old, before), (it, text, log) in zip(seen, after)]


def main():
    failed = False
    for document in DOCUMENTS:
        all_found, all_missing = 0, 0
        for step, before, after, changelog in steps(document):
            found = compare(json.loads(before), json.loads(after))
            missing = unnamed(unnamed(found, changelog), (ROOT / CHANGELOG).read_text())
            for place, what in missing:
                print(f"  {step}: `{place}`: {what}")
            all_found, all_missing = all_found + len(found), all_missing + len(missing)
        print(f"{document}: {all_found} breaking, {all_missing} of them not in the changelog")
        failed = failed or all_missing > 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
