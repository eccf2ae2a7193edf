"""A real sshd on loopback behind a slow link, and a connection to it that is already set up."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

from tests.benchmarks.ssh.link import read_journal
from tests.benchmarks.stage import ROOT
from tests.terminal.pty import LOOK_EVERY, state_of

MISSING = (
    "This needs OpenSSH's client and server, of which nothing has to run and nothing is set up: "
    "apt-get install openssh-client openssh-server (Debian, Ubuntu), "
    "dnf install openssh-clients openssh-server (Fedora), brew install openssh (macOS)."
)
READY = 20.0
"""Seconds that sshd and the login may take."""
LOOK_AGAIN = 0.5
"""Seconds after which to look again for the programs there."""
_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
UseDNS no
"""
_CLIENT = (
    *("-F", "none", "-o", "BatchMode=yes", "-o", "Compression=no"),
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR"),
    # Since 9.5 keys are hidden among made-up ones; older clients do not know the option.
    *("-o", "IgnoreUnknown=ObscureKeystrokeTiming", "-o", "ObscureKeystrokeTiming=no"),
)


@dataclass
class Remote:
    """The other end of the link."""

    folder: Path
    daemon: int
    """Process id of sshd."""
    version: str
    _size: int = field(default=0, init=False)
    _looked: float = field(default=0.0, init=False)
    _known: list[int] = field(default_factory=list, init=False)

    def argv(self, command: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """Return what runs a command there in a terminal, with these variables and sshd's own."""
        words = [*(f"{name}={value}" for name, value in environ.items()), *command]
        kept = ' "SSH_TTY=$SSH_TTY" "SSH_CONNECTION=$SSH_CONNECTION" '
        remote = f"exec env -i TERM=$TERM{kept}{shlex.join(words)}"
        return ["ssh", *_CLIENT, "-tt", "-e", "none", "-S", str(self._socket), "there", remote]

    def wire(self, since: float, until: float) -> int:
        """Return the bytes that came out of the link, at both ends, in that time."""
        journal = read_journal((self.folder / "journal").read_text())
        return sum(arrival.size for arrival in journal if since <= arrival.at <= until)

    def stirs(self) -> bool:
        """Whether, since asked last, anything came out of the link, or a program is at work."""
        size = (self.folder / "journal").stat().st_size
        came, self._size = size != self._size, size
        return came or any(_is_at_work(pid) for pid in self._programs())

    def drain(self, quiet: float) -> None:
        """Wait until nothing has come out of the link for so long."""
        since = time.monotonic()
        while time.monotonic() < since + quiet:
            time.sleep(LOOK_EVERY)
            if self.stirs():
                since = time.monotonic()

    def kill_programs(self) -> None:
        """Kill what runs there, so that it neither says goodbye nor hands anything over."""
        self._looked = 0.0
        for pid in self._programs():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _programs(self) -> list[int]:
        """Return what sshd started, except its own processes; as it was lately."""
        now = time.monotonic()
        if now > self._looked + LOOK_AGAIN:
            self._looked, parents = now, dict(_processes())
            self._known = [pid for pid in parents if self.daemon in _ancestors(pid, parents)]
        return self._known

    @property
    def _socket(self) -> Path:
        return self.folder / "control"


@contextmanager
def remote(folder: Path, rate: float, round_trip: float) -> Iterator[Remote]:
    """Yield the other end, logged in; afterwards nothing of it runs."""
    sshd = find_sshd()
    if sshd is None or shutil.which("ssh") is None:
        raise SystemExit(MISSING)
    with ExitStack() as stack:
        daemon, port = stack.enter_context(_daemon(sshd, folder))
        entrance = stack.enter_context(_link(folder, port, rate, round_trip))
        made = Remote(folder, daemon, _version())
        stack.enter_context(_master(made, entrance))
        yield made


def find_sshd() -> str | None:
    """Return the path of sshd, which is seldom on a user's PATH."""
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"]
    return shutil.which("sshd", path=os.pathsep.join(places))


@contextmanager
def _daemon(sshd: str, folder: Path) -> Iterator[tuple[int, int]]:
    for name in ("host_key", "user_key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(_CONFIG.format(port=port, folder=folder))
    with _separation_folder(sshd, config):
        command = [sshd, "-D", "-e", "-f", str(config)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said = ""
            while "listening" not in said:
                if not (line := process.stderr.readline()):
                    raise SystemExit(f"sshd does not start: {said}")
                said += line
            yield process.pid, port
        finally:
            process.kill()
            process.wait()


@contextmanager
def _separation_folder(sshd: str, config: Path) -> Iterator[None]:
    """Make the empty folder that root's sshd insists on, where no service has made it yet."""
    done = subprocess.run([sshd, "-t", "-f", config], capture_output=True, text=True, check=False)
    match = re.search(r"Missing privilege separation directory: (\S+)", done.stderr)
    if match is None:
        yield
        return
    os.mkdir(match[1], 0o755)
    try:
        yield
    finally:
        os.rmdir(match[1])


@contextmanager
def _link(folder: Path, port: int, rate: float, round_trip: float) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.benchmarks.ssh.link", "--to", str(port)]
    command += ["--journal", str(folder / "journal")]
    command += ["--rate", str(rate), "--round-trip", str(round_trip)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@contextmanager
def _master(made: Remote, port: int) -> Iterator[None]:
    """Log in, so that a start is one more channel of a connection that is there."""
    control = made.folder / "control"
    key = str(made.folder / "user_key")
    where = ("-p", str(port), "-i", key, "-l", getpass.getuser(), "127.0.0.1")
    process = subprocess.Popen(["ssh", *_CLIENT, "-M", "-N", "-S", str(control), *where])
    try:
        end = time.monotonic() + READY
        while not control.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("The login to sshd on loopback failed.")
            time.sleep(LOOK_EVERY)
        yield
    finally:
        made.kill_programs()
        process.kill()
        process.wait()


def _version() -> str:
    done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True)
    return done.stderr.split(",")[0].strip()


def _processes() -> Iterator[tuple[int, int]]:
    """Yield every process and its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                after_name = (entry / "stat").read_text().rpartition(")")[2]
                yield int(entry.name), int(after_name.split()[1])


def _ancestors(pid: int, parents: Mapping[int, int]) -> list[int]:
    """Return the ancestors of a program; of one of sshd's own processes, none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        if Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
            return []
    found = []
    while (pid := parents.get(pid, 0)) and pid not in found:
        found.append(pid)
    return found


def _is_at_work(pid: int) -> bool:
    return any(state_of(stat) in "RD" for stat in glob(f"/proc/{pid}/task/*/stat"))
