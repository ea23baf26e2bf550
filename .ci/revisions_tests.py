#!/usr/bin/env python3
"""With what `.ci/breaking.py` compares, in repositories made for it."""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import breaking
import revisions


class History(unittest.TestCase):
    """Nothing passes because it was not looked at."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for module in [breaking, revisions]:
            self.enterContext(mock.patch.object(module, "ROOT", self.root))
        self.enterContext(mock.patch.object(revisions, "HERE", self.root / "rule.py"))
        self.enterContext(mock.patch.object(sys, "argv", ["breaking.py"]))
        self.git("init", "-q")
        self.commit({"rule.py": "", "CHANGELOG.md": "## [Unreleased]\n"})

    def git(self, *arguments):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, files):
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")

    def keep(self, *paths, changelog=""):
        document = {"openapi": "3.1.0", "paths": {path: {"get": {"responses": {}}} for path in paths}}
        log = {"asyncapi": "3.0.0", "operations": {}}
        self.commit({
            "docs/api/openapi.json": json.dumps(document), "docs/api/asyncapi.json": json.dumps(log),
            "CHANGELOG.md": f"## [Unreleased]\n\n{changelog}",
        })

    def check(self):
        """With what it ends: 0 or False is well."""
        with contextlib.redirect_stdout(io.StringIO()) as said, self.assertRaises(SystemExit) as ended:
            breaking.main()
        return ended.exception.code, said.getvalue()

    def passes(self):
        return not self.check()[0]

    def test_a_document_that_was_not_there_breaks_nothing(self):
        self.keep("/lamps")
        self.assertTrue(self.passes())

    def test_what_broke_before_the_last_change_is_seen(self):
        self.keep("/lamps")
        self.keep("/sofas")
        self.keep("/sofas", "/chairs")
        self.commit({"README.md": ""})
        self.assertFalse(self.passes())
        self.assertIn("`GET /lamps`: is gone", self.check()[1])

    def test_what_came_and_went_since_is_seen(self):
        self.keep("/lamps")
        self.keep("/lamps", "/sofas")
        self.keep("/lamps")
        self.assertFalse(self.passes())

    def test_a_document_that_was_away_is_not_new(self):
        self.keep("/lamps")
        self.git("rm", "-q", "docs/api/openapi.json")
        self.commit({})
        self.keep("/sofas")
        self.assertFalse(self.passes())

    def test_what_is_not_committed_is_seen(self):
        self.keep("/lamps")
        (self.root / "docs/api/openapi.json").write_text('{"openapi": "3.1.0", "paths": {}}')
        self.assertFalse(self.passes())

    def test_the_changelog_names_it_then_or_now(self):
        self.keep("/lamps", "/sofas")
        self.keep("/sofas", changelog="- **Breaking**: `GET /lamps` is gone.\n")
        self.assertTrue(self.passes())
        self.keep()
        self.assertFalse(self.passes())
        self.commit({"CHANGELOG.md": "## [Unreleased]\n\n- **Breaking**: `GET /sofas` is gone.\n"})
        self.assertTrue(self.passes())

    def test_a_release_is_where_it_begins(self):
        self.keep("/lamps")
        self.keep("/sofas")
        self.git("tag", "v1")
        self.assertTrue(self.passes())
        self.keep()
        self.assertFalse(self.passes())

    def test_what_git_cannot_say_does_not_pass(self):
        self.keep("/lamps")
        sys.argv.append("HEAD")
        self.assertTrue(self.passes())
        sys.argv[-1] = "nowhere"
        self.assertIn("nowhere", self.check()[0])
        sys.argv.pop()
        (self.root / ".git/HEAD").write_text("nonsense")
        self.assertFalse(self.passes())

    def test_a_clone_without_its_history_does_not_pass(self):
        self.keep("/lamps")
        (self.root / ".git/shallow").write_text(f"{self.git('rev-parse', 'HEAD')}\n")
        self.assertIn("--unshallow", self.check()[0])


if __name__ == "__main__":
    unittest.main()
