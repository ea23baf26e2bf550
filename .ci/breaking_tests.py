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
                    "422": {"content": {}},
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
                "properties": {"watts": {"type": "integer"}, "lit": {"type": ["boolean"]}},
            },
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
        nullable = {"type": ["integer", "null"]}
        self.assertEqual(self.schema("Lamp", lambda it: it["properties"].update(watts=nullable)), ["Lamp.watts"])

    def test_what_is_added_breaks_nothing(self):
        def change(new):
            new["paths"]["/sofas"] = {"get": {"responses": {}}}
            post = new["paths"]["/lamps/{id}"]["post"]
            post["parameters"].append({"name": "why", "in": "query", "schema": {}})
            post["responses"].pop("422")
            schemas = new["components"]["schemas"]
            schemas["Light"]["properties"]["colour"]["enum"].append("green")
            schemas["Light"]["properties"]["watts"]["type"] = ["integer", "null"]
            schemas["Light"]["required"].clear()
            schemas["Lamp"]["properties"]["room"] = {"type": "string"}
            schemas["Lamp"]["required"].append("lit")

        self.assertEqual(self.changed(change), [])

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
