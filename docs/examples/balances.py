#!/usr/bin/env python3
"""Folds the balance of every open account from the log, with nothing but a NATS client.

    pip install nats-py
    python3 docs/examples/balances.py nats://127.0.0.1:4222
"""

import asyncio
import json
import sys

import nats


async def main(url):
    connection = await nats.connect(url)
    jetstream = connection.jetstream()
    log = await jetstream.subscribe("events.account.*", stream="EVENTS", ordered_consumer=True)
    consumer = await log.consumer_info()
    ahead = consumer.num_pending + consumer.delivered.consumer_seq  # it may have begun to deliver
    balances = {}
    while ahead > 0:
        message = await log.next_msg(timeout=10)
        for event in json.loads(message.data):  # a commit: what one command did to one account
            account, data = event["subject"], event["data"]
            if event["type"] == "AccountOpened":
                balances[account] = 0
            elif event["type"] == "AccountClosed":
                balances.pop(account, None)  # the same commit may come twice
            elif "balance" in data:  # events carry results: there is nothing to add up
                balances[account] = data["balance"]
        ahead = message.metadata.num_pending  # 0 at the end of the log
    for account, balance in sorted(balances.items()):
        print(account, balance)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
