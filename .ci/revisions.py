"""What git remembers. Whatever it cannot say ends the check: nothing passes because it was not looked at."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def read(revision, path):
    """A file as it was then, or nothing if there was none; a revision that is unknown is an error."""
    there = git("ls-tree", "--name-only", "--full-tree", f"{revision}^{{commit}}", "--", path).strip()
    return git("show", f"{revision}:{path}") if there else None


def since_the_release(path):
    """The last release, and each commit after it that touched the file, the oldest first.

    With no release yet it begins with the commit that brought this rule: what was there before nobody relied on.
    A branch that was merged counts as one commit, since that is how others have seen it.
    """
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        sys.exit("this clone has no history to compare with: `git fetch --unshallow --tags`")
    if git("tag", "--merged", "HEAD").strip():
        begin = git("describe", "--tags", "--abbrev=0").strip()
    else:
        added = git("log", "--first-parent", "--diff-filter=A", "--format=%H", "--", str(HERE.relative_to(ROOT)))
        if not added.strip():
            return ["HEAD"]  # the rule itself is not committed yet
        begin = added.split()[-1]
    return [begin, *git("rev-list", "--first-parent", "--reverse", f"{begin}..HEAD", "--", path).split()]
