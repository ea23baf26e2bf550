"""A system of its own for one check: nothing in it yet, free ports, gone at the end."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_S = 120
STOP_S = 20


def eventually(what, probe, within_s=30):
    """The first answer of `probe` that is not nothing."""
    deadline = time.monotonic() + within_s
    while not (seen := probe()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {within_s} s: {what}")
        time.sleep(0.1)
    return seen


class System:
    """`annals up`, with what it prints."""

    def __init__(self):
        subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "annals"], cwd=ROOT, check=True)
        self.log = tempfile.NamedTemporaryFile("w+", prefix="annals-", suffix=".log")
        self.printed = []
        self.process = subprocess.Popen(
            ["target/debug/annals", "up", "--ephemeral", "--listen", "127.0.0.1:0"],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True,
        )
        threading.Thread(target=lambda: self.printed.extend(self.process.stdout), daemon=True).start()

    def __enter__(self):
        try:
            self.url = self.address(r"listens on (http://\S+)")
            self.nats = self.address(r"log +(nats://\S+)")
            live = lambda: all(view["state"] == "live" for view in self.get("/v1/views")["views"])
            eventually("every view answers", live, START_S)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def address(self, pattern):
        found = lambda: re.search(pattern, "".join(self.printed)) or self.process.poll() is not None
        match = eventually("it says where it listens", found, START_S)
        return match[1] if match is not True else sys.exit(f"it does not start:\n{self.logged()}")

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(timeout=STOP_S)

    def logged(self):
        return Path(self.log.name).read_text()

    def get(self, path):
        return self.ask(path)

    def command(self, category, id, command, data):
        """Gives a command, which must be taken."""
        return self.ask(f"/v1/commands/{category}/{id}/{command}", json.dumps(data).encode())

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {error.code} {error.read().decode()}")
