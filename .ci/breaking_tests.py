#!/usr/bin/env python3
"""What `.ci/breaking.py` takes for breaking, and what it does not."""

import copy
import unittest

import breaking

DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/lamps/{id}": {
            "post": {
                "parameters": [
                    {"$ref": "#/components/parameters/id"},
                    {"name": "wait", "in": "query", "schema": {"type": "integer", "maximum": 30}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Light"}}}},
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Lamp"}}},
                    },
                    "409": {"content": {"application/problem+json": {"schema": {"anyOf": [
                        {"$ref": "#/components/schemas/problems.conflict"},
                        {"$ref": "#/components/schemas/problems.in-flight"},
                    ]}}}},
                    "422": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/No"}}}},
                    "503": {"content": {}},
                },
            }
        }
    },
    "components": {
        "parameters": {"id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {
            "Light": {
                "type": "object",
                "required": ["watts"],
                "properties": {"watts": {"type": "integer"}, "colour": {"enum": ["red", "blue"]}},
            },
            "Lamp": {
                "type": "object",
                "required": ["watts"],
                "properties": {
                    "watts": {"type": "integer", "minimum": 0},
                    "lit": {"type": ["boolean"]},
                    "kind": {"const": "lamp"},
                    "colour": {"enum": ["red", "blue"]},
                    "id": {"type": "string", "format": "uuid"},
                    "room": {"anyOf": [{"type": "string"}]},
                },
            },
            "No": {"oneOf": [{"$ref": "#/components/schemas/lamp.refusals.dark"}]},
            "lamp.refusals.dark": {"properties": {"reason": {"const": "dark"}}},
            "lamp.refusals.broken": {"properties": {"reason": {"const": "broken"}}},
            "problems.conflict": {"properties": {"code": {"const": "conflict"}}},
            "problems.in-flight": {"properties": {"code": {"const": "in-flight"}}},
            "problems.busy": {"properties": {"code": {"const": "busy"}}},
        },
    },
}

LOG = {
    "asyncapi": "3.0.0",
    "channels": {"lamp": {"address": "events.lamp.{id}", "messages": {"lit": {"$ref": "#/components/messages/lit"}}}},
    "operations": {"lamp.lit": {"action": "send", "channel": {"$ref": "#/channels/lamp"}}},
    "components": {
        "messages": {"lit": {"payload": {"type": "array", "items": {"oneOf": [{"$ref": "#/components/schemas/Lit"}]}}}},
        "schemas": {"Lit": {"type": "object", "required": ["watts"], "properties": {"watts": {"type": "integer"}}}},
    },
}


class Breaking(unittest.TestCase):
    def changed(self, change, document=None):
        """The places that break when the document is changed so."""
        old = document or DOCUMENT
        new = copy.deepcopy(old)
        change(new)
        return [place for place, _ in breaking.compare(old, new)]

    def post(self, change):
        return self.changed(lambda new: change(new["paths"]["/lamps/{id}"]["post"]))

    def schema(self, name, change):
        return self.changed(lambda new: change(new["components"]["schemas"][name]))

    def test_the_same_breaks_nothing(self):
        self.assertEqual(self.changed(lambda new: None), [])
        self.assertEqual(self.changed(lambda new: None, LOG), [])

    def test_what_is_gone_breaks(self):
        here = ["POST /lamps/{id}"]
        self.assertEqual(self.changed(lambda new: new["paths"].clear()), here)
        self.assertEqual(self.changed(lambda new: new["paths"]["/lamps/{id}"].clear()), here)
        self.assertEqual(self.post(lambda post: post["parameters"].pop()), here)
        self.assertEqual(self.post(lambda post: post["responses"].pop("200")), here)
        self.assertEqual(self.post(lambda post: post["responses"]["200"]["headers"].clear()), here)
        self.assertEqual(self.post(lambda post: post["requestBody"]["content"].clear()), here)
        self.assertEqual(self.schema("Light", lambda it: it["properties"].pop("colour")), ["Light"])
        self.assertEqual(self.schema("Lamp", lambda it: it["properties"].pop("lit")), ["Lamp"])
        self.assertEqual(self.schema("Light", lambda it: it["properties"]["colour"]["enum"].pop()), ["Light.colour"])

    def test_what_is_newly_asked_of_clients_breaks(self):
        asked = {"name": "why", "in": "query", "required": True, "schema": {}}
        here = ["POST /lamps/{id}"]
        self.assertEqual(self.post(lambda post: post["parameters"].append(asked)), here)
        self.assertEqual(self.post(lambda post: post["parameters"][1].update(required=True)), here)
        self.assertEqual(self.post(lambda post: post["parameters"][1]["schema"].update(maximum=20)), here)
        self.assertEqual(self.post(lambda post: post["requestBody"].update(required=True)), here)
        self.assertEqual(self.schema("Light", lambda it: it["required"].append("colour")), ["Light"])
        self.assertEqual(self.schema("Light", lambda it: it.update(additionalProperties=False)), ["Light"])
        self.assertEqual(self.schema("Light", lambda it: it["properties"]["watts"].update(minimum=1)), ["Light.watts"])

    def test_what_clients_could_rely_on_and_no_longer_can_breaks(self):
        self.assertEqual(self.schema("Lamp", lambda it: it["required"].clear()), ["Lamp"])
        nullable = {"type": ["integer", "null"], "minimum": 0}
        self.assertEqual(self.schema("Lamp", lambda it: it["properties"].update(watts=nullable)), ["Lamp.watts"])

    def test_what_is_added_breaks_nothing(self):
        def change(new):
            new["paths"]["/sofas"] = {"get": {"responses": {}}}
            post = new["paths"]["/lamps/{id}"]["post"]
            post["parameters"].append({"name": "why", "in": "query", "schema": {}})
            post["responses"].pop("503")
            schemas = new["components"]["schemas"]
            schemas["Light"]["properties"]["colour"]["enum"].append("green")
            schemas["Light"]["properties"]["watts"]["type"] = ["integer", "null"]
            schemas["Light"]["required"].clear()
            schemas["Lamp"]["properties"]["place"] = {"type": "string"}
            schemas["Lamp"]["properties"]["watts"]["maximum"] = 100
            schemas["Lamp"]["required"].append("lit")
            schemas["No"]["oneOf"].append({"$ref": "#/components/schemas/lamp.refusals.broken"})
            busy = {"$ref": "#/components/schemas/problems.busy"}
            post["responses"]["409"]["content"]["application/problem+json"]["schema"]["anyOf"].append(busy)

        self.assertEqual(self.changed(change), [])

    def lamp(self, name, change):
        return self.schema("Lamp", lambda it: change(it["properties"][name]))

    def test_what_is_answered_and_was_not_promised_breaks(self):
        self.assertEqual(self.lamp("kind", lambda it: it.update(const="light")), ["Lamp.kind"] * 2)
        self.assertEqual(self.lamp("kind", lambda it: it.clear()), ["Lamp.kind"])
        self.assertEqual(self.lamp("colour", lambda it: it["enum"].append("green")), ["Lamp.colour"])
        self.assertEqual(self.lamp("colour", lambda it: it.clear()), ["Lamp.colour"])
        self.assertEqual(self.lamp("id", lambda it: it.pop("format")), ["Lamp.id"])
        self.assertEqual(self.lamp("id", lambda it: it.update(format="email")), ["Lamp.id"])
        self.assertEqual(self.lamp("watts", lambda it: it.pop("minimum")), ["Lamp.watts"])
        self.assertEqual(self.lamp("room", lambda it: it["anyOf"].append({"type": "null"})), ["Lamp.room"])
        self.assertEqual(self.lamp("room", lambda it: it["anyOf"].insert(0, {"$ref": "#/components/schemas/No"})),
                         ["Lamp.room"])

    def test_a_code_or_a_reason_with_another_name_breaks(self):
        def renamed(status, new):
            def change(post):
                schema = post["responses"][status]["content"]["application/problem+json"]["schema"]
                schema["anyOf"][0]["$ref"] = f"#/components/schemas/{new}"

            return change

        reason = {"$ref": "#/components/schemas/lamp.refusals.broken"}
        self.assertEqual(self.post(renamed("409", "problems.busy")), ["POST /lamps/{id}"])
        self.assertEqual(self.post(lambda post: post["responses"].pop("409")), ["POST /lamps/{id}"] * 2)
        self.assertEqual(self.schema("No", lambda it: it.update(oneOf=[reason])), ["No"])

    def test_messages_are_compared_as_bodies_are(self):
        def address(new):
            new["channels"]["lamp"]["address"] = "lamps.{id}"

        self.assertEqual(self.changed(lambda new: new["operations"].clear(), LOG), ["lamp.lit"])
        self.assertEqual(self.changed(address, LOG), ["lamp.lit"])
        self.assertEqual(self.changed(lambda new: new["channels"]["lamp"]["messages"].clear(), LOG), ["lit"])
        event = self.changed(lambda new: new["components"]["schemas"]["Lit"]["properties"].clear(), LOG)
        self.assertEqual(event, ["Lit"])

    def test_the_changelog_names_places(self):
        found = [("POST /lamps", "is gone"), ("Lamp", "the field lit is gone")]
        changelog = "# Changelog\n\n## [Unreleased]\n\n- **Breaking**: `POST\n  /lamps` is gone.\n- `Lamp` is nice.\n"
        self.assertEqual(breaking.unnamed(found, changelog), found[1:])
        released = changelog + "\n## [0.1.0]\n\n- **Breaking**: `Lamp` has no `lit`.\n"
        self.assertEqual(breaking.unnamed(found, released), found[1:])


if __name__ == "__main__":
    unittest.main()
