#!/usr/bin/env python3
"""Runs the README's story, word for word, against the README's own `cargo run -- up`. (`.ci/compose`
runs it against `docker compose up --wait`.)

A ```console block holds commands (`$ ...`) and what they print; `…` stands for anything. The story
starts on an empty data directory, so it moves an existing `data` out of the way first. At the end
the system is stopped with Ctrl-C, and the log lines that go with the story are checked.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 100
DEADLINE_S = 600


STORY = "A story, with curl"


def chapter(readme, title):
    """What stands under a heading, up to the next one."""
    return readme.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def console_blocks(text):
    """The commands of all console blocks in order, each with the output it must have."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def pattern(expected):
    """`…` stands for anything, also for several lines."""
    return re.compile(".*".join(re.escape(part) for part in expected.strip().split("…")), re.S)


def run_story(text, account=""):
    """All commands in one shell, so that variables are kept. Gives the account that it is about."""
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    shell.stdin.write(f"ACCOUNT={account}\n")
    steps = 0
    for command, expected in console_blocks(text):
        shell.stdin.write(f"{command}\necho; echo '--end--'\n")
        shell.stdin.flush()
        lines = iter(shell.stdout.readline, "--end--\n")
        output = "".join(lines).replace("\r", "").strip()
        print(f"$ {command}\n{output}\n", flush=True)
        if not pattern(expected).fullmatch(output):
            sys.exit(f"the README promises something else:\n{expected}")
        steps += 1
    shell.stdin.write("echo $ACCOUNT\n")
    shell.stdin.close()
    return steps, shell.stdout.readline().strip()


def check_logs(lines, account):
    """The workers' lines: readable at 100 columns, with the ids of what they are about."""
    lines = [line for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    about = [line for line in lines if account[-12:] in line]
    for service, words in [("command", "deposit"), ("projector", "balances"), ("reactor", "welcome")]:
        if not any(re.search(rf"\b{service}\b.*\b{words}\b", line) for line in lines):
            sys.exit(f"no line of the {service} says `{words}`:\n" + "\n".join(lines))
    if len(about) < 8:
        sys.exit(f"only {len(about)} lines name the account {account}")
    long = [line for line in lines if len(line) > COLUMNS]
    if long:
        sys.exit(f"longer than {COLUMNS} columns:\n" + "\n".join(long))
    print("\n".join(lines))


def wait_until_it_listens(system):
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if system.poll() is not None:
            sys.exit(f"`cargo run -- up` ended with {system.returncode}")
        try:
            with urllib.request.urlopen("http://localhost:8080/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit("the system is not ready")


def main():
    readme = (ROOT / "README.md").read_text()
    data = ROOT / "data"
    if data.exists():
        data.rename(tempfile.mkdtemp(prefix="data-before-the-story-", dir=ROOT))
    system = subprocess.Popen(
        ["cargo", "run", "--", "up"], cwd=ROOT, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )
    lines = []
    read = lambda: lines.extend(line.rstrip("\n") for line in system.stderr)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        wait_until_it_listens(system)
        steps, account = run_story(chapter(readme, STORY))
        # Ctrl-C goes to everything that the terminal runs in the foreground.
        os.killpg(system.pid, signal.SIGINT)
        if system.wait(timeout=20) not in (0, -signal.SIGINT, 130):
            sys.exit(f"the system ended with {system.returncode}")
        reader.join(timeout=5)
        check_logs(lines, account)
        print(f"\nstory: {steps} passed, 0 failed")
    finally:
        if system.poll() is None:
            os.killpg(system.pid, signal.SIGTERM)
            system.wait(timeout=20)


if __name__ == "__main__":
    main()
