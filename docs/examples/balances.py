#!/usr/bin/env python3
"""Folds the balance of every open account from the log, with nothing but a NATS client.

    pip install nats-py
    python3 docs/examples/balances.py nats://127.0.0.1:4222
"""

import asyncio
import sys

import nats
from annals_log import entries


async def main(url):
    connection = await nats.connect(url)
    balances = {}
    async for _, events in entries(connection.jetstream()):
        for event in events:
            category, account = event["source"].split("/")
            if category != "account":
                continue
            if event["type"] == "AccountOpened":
                balances[account] = 0
            elif event["type"] == "AccountClosed":
                balances.pop(account, None)
            elif "balance" in event["data"]:  # events carry results: there is nothing to add up
                balances[account] = event["data"]["balance"]
    for account, balance in sorted(balances.items()):
        print(account, balance)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
