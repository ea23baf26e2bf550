"""The log of Annals: which messages belong to it, and what they say. The rules are in ../other-languages.md."""

import hashlib
import json
from collections import OrderedDict

SUBJECT = "events.main"
FORMAT = "1"
MAX_BYTES = 768 * 1024
MAX_SKIPPED = 4096


class Stopped(Exception):
    """The log cannot be read beyond this: messages are missing, or it is newer than this reader, or damaged."""

    def __init__(self, stop, **where):
        super().__init__(f"{stop}: {where}")
        self.why = {"stop": stop, **where}


class Chain:
    """Tells, in order from the first message on, which ones are entries of the log."""

    def __init__(self, log_id):
        self.position = 0  # of the last entry
        self.hash = hashlib.sha256(f"annals:{log_id}:main".encode()).digest()
        self.read = 0  # the last position that was looked at
        self.skipped = OrderedDict()  # positions since the last entry, by what would name them as the entry before

    def take(self, position, subject, headers, body):
        """Whether this message is the next entry. `headers` are pairs; a name may stand there twice."""
        if position <= self.read:
            return False  # delivered again
        if position > self.read + 1:
            raise Stopped("gap", **{"from": self.read + 1, "to": position - 1})
        named = {name: [value for other, value in headers if other == name] for name, _ in headers}
        once = lambda name: named.get(name, [None])[0] if len(named.get(name, [])) == 1 else None
        own = hashlib.sha256(self.hash + body).digest()
        if subject == SUBJECT and (previous := once("Annals-Previous")) is not None:
            if previous in self.skipped:
                raise Stopped("fork", position=self.skipped[previous], by=position)
            if previous == f"{self.position} {self.hash.hex()}":
                if (format := once("Annals-Entry")) not in (FORMAT, None):
                    raise Stopped("newer", position=position, format=format)
                if format and len(body) <= MAX_BYTES and once("Annals-Hash") == own.hex():
                    self.position, self.hash, self.read = position, own, position
                    self.skipped.clear()
                    return True
        self.skip(position, subject, once("Annals-Hash"))
        return False

    def skip(self, position, subject, hash):
        """The message is foreign. What names it as the entry before is a fork."""
        self.read = position
        if subject == SUBJECT and hash and len(hash) == 64 and set(hash) <= set("0123456789abcdef"):
            self.skipped[f"{position} {hash}"] = position
            if len(self.skipped) > MAX_SKIPPED:
                self.skipped.popitem(last=False)


async def entries(jetstream):
    """The entries up to the log's end: the position of each, and its events."""
    stream = await jetstream.stream_info("EVENTS")
    chain = Chain(stream.config.metadata["annals-log-id"])
    log = await jetstream.subscribe("events.*", stream="EVENTS", ordered_consumer=True)
    while chain.read < stream.state.last_seq:
        message = await log.next_msg(timeout=10)
        position, headers = message.metadata.sequence.stream, (message.headers or {}).items()
        if chain.take(position, message.subject, headers, message.data):
            yield position, json.loads(message.data)
