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
    of_all = lambda events: {event.get_source().split("/")[3] for event in events} == categories
    events = eventually("every domain is on the log", lambda: of_all(events := read()) and events)
    types = {event.get_type() for event in events}
    print(f"cloudevents: {len(events)} events of {len(types)} types, from {len(categories)} categories")


async def cloud_events(url):
    connection = await nats.connect(url)
    log = await connection.jetstream().subscribe("events.>", stream="EVENTS", ordered_consumer=True)
    events, ahead = [], 1
    while ahead > 0:
        message = await log.next_msg(timeout=10)
        for event in json.loads(message.data):
            events.append(JSONFormat().read(CloudEvent, json.dumps(event)))
            assert message.subject == f"events.{'.'.join(events[-1].get_source().split('/')[3:])}"
        ahead = message.metadata.num_pending
    await connection.close()
    return events
