"""The log as others read it: the example of docs/other-languages.md, and the SDK of CloudEvents."""

import asyncio
import json
import subprocess
import sys
import uuid

import nats
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from system import ROOT, eventually

sys.path.insert(0, str(ROOT / "docs/examples"))
from annals_log import Chain, Stopped, entries

VECTORS = ROOT / "shared/annals-core/vectors/membership.json"


def the_vectors_are_met():
    """The example tells what belongs to the log as every other reader does."""
    cases = json.loads(VECTORS.read_text())
    for case in cases:
        chain = Chain(case["log_id"])
        for message, expected in zip(case["messages"], case["expected"], strict=True):
            told = tell(chain, {**message, "body": message["body"].encode()})
            # That a message is delivered again and that it is foreign is the same to the example.
            expected = {"skipped": True} if expected.keys() & {"foreign", "redelivered"} else expected
            if told != expected:
                sys.exit(f"{case['name']}: {told} instead of {expected} at {message['position']}")
    print(f"docs/examples/annals_log.py: {len(cases)} cases, as every reader tells them")


def tell(chain, message):
    try:
        return {"entry": chain.hash.hex()} if chain.take(**message) else {"skipped": True}
    except Stopped as stopped:
        return stopped.why


def every_domain(system):
    """Something of every domain, so that there is something to read."""
    ada, bob, eve, transfer, post, work, todo, other, reward, fan, person = (str(uuid.uuid4()) for _ in range(11))
    mail = {"owner_email": "ada@example.com"}
    for category, id, command, data in [
        ("account", ada, "open", mail),
        ("account", bob, "open", mail),
        ("account", eve, "open", mail),
        ("account", ada, "deposit", {"amount": 2_000_000}),
        ("account", ada, "withdraw", {"amount": 1_000_000}),
        ("account", eve, "close", {}),
        ("transfer", transfer, "request", {"from": ada, "to": bob, "amount": 250}),
        ("post", post, "publish", {"author": "Ada", "content": "Grüße, \u2028 <b>\U0001f600</b>"}),
        ("post", post, "delete", {}),
        ("todo-list", work, "create", {"name": "Work", **mail}),
        ("todo-list", work, "rename", {"name": "Play"}),
        ("todo", todo, "add", {"title": "Read", "list_id": work, "stakeholder_email": "bob@example.com"}),
        ("todo", todo, "amend", {"title": "Read on"}),
        ("todo", todo, "complete", {"completed_on": "2026-11-21"}),
        ("todo", other, "add", {"title": "Sleep"}),
        ("todo", other, "abandon", {"abandoned_on": "2026-11-21"}),
        ("reward", reward, "offer", {"title": "A mug", "creator_email": "ada@example.com"}),
        ("subscription", fan, "start", {"reward_id": reward, "subscriber_email": "bob@example.com"}),
        ("subscription", fan, "activate", {"stripe_key": "sk_1"}),
        ("subscription", fan, "cancel", {"reason": "moved"}),
        ("person", person, "register", {"first_name": "Ada", "last_name": "Lovelace"}),
        ("person", person, "rename", {"last_name": "King"}),
        ("person", person, "retire", {}),
    ]:
        system.command(category, id, command, data)


def the_example_agrees(system):
    """Its balances are those of the view, once the view has come as far."""
    folded = lambda: subprocess.run(
        [sys.executable, "docs/examples/balances.py", system.nats],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout.splitlines()
    agreed = eventually("the example folds what the view shows", lambda: folded() == shown(system) and folded())
    print(f"docs/examples/balances.py: {len(agreed)} balances, as the view has them")


def shown(system):
    lines, path = [], "/v1/views/balances?limit=500"
    while path:
        page = system.get(path)
        lines += [f"{row['account_id']} {row['balance']}" for row in page["rows"]]
        path = page["next"] and f"/v1/views/balances?limit=500&cursor={page['next']}"
    return sorted(lines)


def everything_is_a_cloud_event(system):
    """The SDK reads every event of the log, and every domain has some."""
    categories = {category["name"] for category in system.get("/v1/catalog")["categories"]}
    read = lambda: asyncio.run(cloud_events(system.nats))
    of_all = lambda events: {event.get_source().split("/")[0] for event in events} == categories
    events = eventually("every domain is on the log", lambda: of_all(events := read()) and events)
    types = {event.get_type() for event in events}
    print(f"cloudevents: {len(events)} events of {len(types)} types, from {len(categories)} categories")


async def cloud_events(url):
    connection = await nats.connect(url)
    events = [event async for _, entry in entries(connection.jetstream()) for event in entry]
    await connection.close()
    return [JSONFormat().read(CloudEvent, json.dumps(event)) for event in events]
