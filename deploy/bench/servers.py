"""The servers that peers need: each starts for its round in a directory on the disk that is measured."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

# What README.md gives the sources of. All else is PostgreSQL's default, which is safe: fsync, synchronous_commit and
# full_page_writes are named so that nobody has to look that up.
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 4 // 2**20}MB",
    "max_wal_size": "8GB",
    "max_connections": "200",
    "listen_addresses": "''",
}
DEADLINE_SECONDS = 60


def postgres_binaries():
    """Where Debian's package keeps initdb and pg_ctl, which are not on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
    return found[-1]


def as_postgres(command):
    """PostgreSQL refuses to run as root: then its package's own user runs it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextlib.contextmanager
def postgres(data, log):
    """A cluster of its own with one empty database, reached through a socket. Yields the connection string."""
    binaries = postgres_binaries()
    cluster = data / "postgres"
    cluster.mkdir()
    # A socket's path has to be short, and it holds no data: it may be anywhere.
    sockets = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        shutil.chown(cluster, "postgres", "postgres")
        shutil.chown(sockets, "postgres", "postgres")
    settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(sockets)}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    pg_ctl = [str(binaries / "pg_ctl"), "--pgdata", str(cluster), "--wait", f"--timeout={DEADLINE_SECONDS}"]

    def run(command):
        subprocess.run(as_postgres(command), check=True, stdout=log, stderr=log, cwd="/")

    try:
        run([str(binaries / "initdb"), "--pgdata", str(cluster), "--username=bench", "--auth=trust", "--encoding=UTF8"])
        # Its output goes to a pipe that is inherited by the server: a file must take it, or the call never returns.
        run([*pg_ctl, f"--options={options}", f"--log={cluster}/server.log", "start"])
        try:
            yield f"postgresql:///postgres?host={sockets}&user=bench"
        finally:
            run([*pg_ctl, "--mode=immediate", "stop"])
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


@contextlib.contextmanager
def umadb(data, log, binary):
    """UmaDB's server with its defaults. Yields the URL."""
    port = free_port()
    command = [binary, "--listen", f"127.0.0.1:{port}", "--db-path", str(data)]
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def sqlite(data, _log):
    """No server. Yields the file."""
    yield str(data / "events.db")


def free_port():
    """A port that nobody listens on: the server cannot be asked which one it drew."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, server):
    """Waits until the server answers on its port."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"no server on port {port}: it ended with {server.poll()}")
