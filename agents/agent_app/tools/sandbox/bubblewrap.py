"""What a machine of its own is made of (bubblewrap): own users, processes, network, names and files, and nothing of ours in it.

Inside are the system's libraries, read-only; the programs that are asked for; a private ``/workspace`` in memory, of limited
size. There is no network, no environment, no capability, and no way to make namespaces. What the workspace holds leaves as
an archive, which is never unpacked outside of such a machine. ``machine`` starts it and watches over it.
"""

import os
import platform
import shutil
import stat
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from agent_app.tools.sandbox import seccomp

WORKSPACE = "/workspace"
FILES = "/files"
CODE = "/code/main.py"
NEEDED = ("/bin", "/lib", "/lib64", "/dev", "/proc", "/tmp", WORKSPACE)  # noqa: S108  # without them nothing runs
_OURS = "/.box"
_TOOLS = ("sh", "tar", "prlimit", "cat", "dirname", "find", "head", "mkdir")
_SEARCHED = "/usr/local/bin:/usr/bin:/bin"
_INSIDE = "1000"  # the user inside
_OUTSIDE = 200_000  # where we are root, the first of the ids that stand for nobody; each process of ours takes its own
_ACCOUNTS = b"box:x:1000:1000::/workspace:/bin/sh\n"
_ENVIRONMENT = {"PATH": "/bin", "HOME": WORKSPACE, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
_SMALL = str(16 * 2**20)
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

# Unpacks the workspace, does the command, packs the workspace again (descriptor 0 is the file for it).
_LAUNCH = f"""
umask 077
cd {WORKSPACE} || exit 125
if [ -e {_OURS}/held ]; then {_OURS}/tar -x --no-same-owner -f {_OURS}/held || exit 125; fi
keep=$1
shift
"$@" <{_OURS}/stdin
code=$?
if [ "$keep" = keep ]; then {_OURS}/tar -c --ignore-failed-read -f - . >&0 2>/dev/null; fi
exit $code
"""


class NoSandbox(Exception):
    """None can be made here, and why."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """``memory`` is for all processes together, ``disk`` for the workspace; bytes. ``output`` is for each of the two streams."""

    seconds: float = 30.0
    memory: int = 512 * 2**20
    processes: int = 32
    disk: int = 64 * 2**20
    entries: int = 10_000
    output: int = 500_000


@dataclass(frozen=True, kw_only=True)
class Box:
    """What is inside. ``held`` is the archive of the workspace, ``keep`` the file that will hold the next one.

    ``inputs`` lie in ``/files`` by their names, read-only; ``code`` is for Python. ``hidden``: paths that are not there.
    """

    programs: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    read_only: bool = False
    inputs: tuple[tuple[str, Path], ...] = ()
    stdin: bytes = b""
    held: Path | None = None
    keep: Path | None = None
    code: bytes | None = None
    packages: bool = False


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """How to start it; ``info`` is where bwrap says which process is the first inside."""

    command: list[str]
    passed: tuple[int, ...]
    stdin: int
    info: int


def user() -> int | None:
    """Who runs it where we are root: limits do not count for root, and files of root could be written."""
    return _OUTSIDE + os.getpid() % 100_000 if os.geteuid() == 0 else None


def missing() -> str:
    """What this machine lacks, in words; empty where it may work (``machine.unavailable`` tries)."""
    if not sys.platform.startswith("linux"):
        return "The sandbox needs Linux."
    if seccomp.program(platform.machine()) is None:
        return f"The sandbox has no filter for processors of type {platform.machine()}."
    for name in ("bwrap", *_TOOLS):
        if shutil.which(name, path=_SEARCHED) is None:
            how = " Install it: apt-get install bubblewrap." if name == "bwrap" else ""
            return f"The program “{name}” is not there.{how}"
    if not Path("/lib").is_symlink():
        return "The sandbox needs a system whose programs and libraries all lie in /usr."
    return ""


@lru_cache
def interpreter() -> tuple[str, Path]:
    """Python as it is called inside, and what is mounted for it there. Raises NoSandbox."""
    prefix = Path(sys.base_prefix)
    if prefix not in (Path("/usr"), Path("/usr/local")) and (prefix / "bin" / _PYTHON).exists() and readable(prefix):
        return f"/opt/python/bin/{_PYTHON}", prefix
    for path in (prefix / "bin" / _PYTHON, Path("/usr/local/bin/python3"), Path("/usr/bin/python3")):
        if path.exists() and readable(path.parent):
            real = path.resolve()
            return f"/bin/{real.name}" if real.is_relative_to("/usr/bin") else str(real), real
    raise NoSandbox("No Python is there that the sandbox may use.")


@lru_cache
def packages() -> Path | None:
    """Where the packages lie that Python inside may import; None where it may not read them, or is of another version."""
    path = Path(sysconfig.get_path("purelib"))
    return path if interpreter()[0].endswith(_PYTHON) and path.is_dir() and readable(path) else None


def readable(path: Path) -> bool:
    """Whether who runs it may go there: where that is nobody of ours, everybody must be allowed to."""
    if user() is None:
        return os.access(path, os.R_OK | os.X_OK)
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path.resolve(), *path.resolve().parents))


@contextmanager
def prepared(command: Sequence[str], box: Box, limits: Limits) -> Iterator[Prepared]:
    """Everything to start ``command`` in ``box``. What it opens is closed at the end."""
    with ExitStack() as stack:
        made = _Made(stack)
        arguments = [*_frame(made), *_system(box, made), *_files(box, limits, made)]
        info, told = made.pipe()
        arguments += ["--info-fd", str(told), "--remount-ro", "/", "--chdir", WORKSPACE]
        keep = made.open(box.keep, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if box.keep else made.open(os.devnull)
        launch = [f"{_OURS}/sh", "-c", _LAUNCH, "box", "keep" if box.keep else "", *_limited(limits), *command]
        # What the launcher itself writes is limited as well.
        outer = [_where("prlimit"), f"--fsize={limits.disk * 5 // 4}", "--core=0", "--", _where("bwrap")]
        yield Prepared(
            command=[*outer, *arguments, "--", *launch], passed=tuple(made.passed), stdin=keep, info=info
        )  # fmt: skip


class _Made:
    """Descriptors that are handed in."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.passed: list[int] = []

    def _keep(self, descriptor: int) -> int:
        self._stack.callback(_close, descriptor)
        return descriptor

    def data(self, content: bytes) -> str:
        descriptor = self._keep(os.memfd_create("box"))
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self.passed.append(descriptor)
        return str(descriptor)

    def file(self, path: Path) -> str:
        descriptor = self.open(path)
        self.passed.append(descriptor)
        return str(descriptor)

    def open(self, path: Path | str, flags: int = os.O_RDONLY) -> int:
        return self._keep(os.open(path, flags | os.O_CLOEXEC, 0o600))

    def pipe(self) -> tuple[int, int]:
        reading, writing = os.pipe()
        self._keep(reading)
        self.passed.append(self._keep(writing))
        return reading, writing


def _close(descriptor: int) -> None:
    with suppress(OSError):  # closed already, once the process had started
        os.close(descriptor)


def _where(name: str) -> str:
    return shutil.which(name, path=_SEARCHED) or name


def _frame(made: _Made) -> list[str]:
    """What makes it a machine of its own, and who is in it."""
    return [
        "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--uid", _INSIDE, "--gid", _INSIDE, "--hostname", "box", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--seccomp", made.data(seccomp.program(platform.machine()) or b""), "--clearenv",
        *(part for name, value in _ENVIRONMENT.items() for part in ("--setenv", name, value)),
    ]  # fmt: skip


def _system(box: Box, made: _Made) -> list[str]:
    """Libraries, programs, devices, processes."""

    def gone(path: str) -> bool:
        return any(PurePosixPath(path).is_relative_to(each) for each in box.hidden)

    found = ["--ro-bind", "/usr/lib", "/lib", "--ro-bind-try", "/usr/lib64", "/lib64", "--dir", "/bin"]
    for path in ("/usr/share", "/usr/local/lib"):
        if not gone(path):
            found += ["--ro-bind-try", path, path]
    if not gone("/usr"):
        found += ["--symlink", "/lib", "/usr/lib", "--symlink", "/bin", "/usr/bin"]
    if not gone("/etc"):
        cache = "/etc/ld.so.cache"
        found += ["--ro-bind-data", made.data(_ACCOUNTS), "/etc/passwd", "--ro-bind-try", cache, cache]
    found += ["--dev", "/dev", "--size", _SMALL, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    found += ["--proc", "/proc"] if _proc_works() else ["--dir", "/proc"]
    for name in _TOOLS:
        found += ["--ro-bind", os.path.realpath(_where(name)), f"{_OURS}/{name}"]
    for name in dict.fromkeys(box.programs):
        if where := shutil.which(name, path=_SEARCHED):
            found += ["--ro-bind", os.path.realpath(where), f"/bin/{name}"]
    if box.code is not None:
        called, mounted = interpreter()
        found += ["--ro-bind", str(mounted), "/opt/python" if called.startswith("/opt/") else called]
        found += ["--ro-bind-data", made.data(box.code), CODE]
    if box.packages and (where := packages()):  # type: ignore[assignment]
        found += ["--ro-bind", str(where), "/opt/packages", "--setenv", "PYTHONPATH", "/opt/packages"]
    for path in box.hidden:
        found += _covered(path)
    return found


def _covered(path: str) -> list[str]:
    """Hide a part of what is mounted."""
    outside = Path(f"/usr{path}") if path.startswith(("/lib/", "/lib64/")) else Path(path)
    if not path.startswith(("/lib/", "/lib64/", "/usr/share/", "/usr/local/lib/")) or not outside.exists():
        return []
    if outside.is_dir():
        return ["--size", "4096", "--tmpfs", path, "--remount-ro", path]
    return ["--ro-bind", os.devnull, path]


def _files(box: Box, limits: Limits, made: _Made) -> list[str]:
    """The workspace, what is temporary, and what is handed in: read-only, as all of it is where nothing may be written."""
    found = ["--size", str(limits.disk), "--tmpfs", WORKSPACE]
    if box.read_only:
        found += ["--remount-ro", WORKSPACE, "--dir", "/tmp"]  # noqa: S108
    else:
        found += ["--size", _SMALL, "--tmpfs", "/tmp"]  # noqa: S108
    found += ["--dir", FILES]
    for name, path in box.inputs:
        found += ["--ro-bind-data", made.file(path), f"{FILES}/{name}"]
    found += ["--ro-bind-data", made.data(box.stdin), f"{_OURS}/stdin"]
    if box.held is not None:
        found += ["--ro-bind-data", made.file(box.held), f"{_OURS}/held"]
    return found


def _limited(limits: Limits) -> list[str]:
    """What the kernel enforces for each process. The number of processes is counted within the namespace of users."""
    return [
        f"{_OURS}/prlimit", f"--nproc={limits.processes}", f"--fsize={limits.disk}", f"--as={2 * limits.memory}",
        f"--cpu={int(limits.seconds) + 1}", "--nofile=128", "--core=0", "--memlock=65536", "--msgqueue=0", "--",
    ]  # fmt: skip


@lru_cache
def _proc_works() -> bool:
    """A container that hides parts of /proc lets nobody mount another one; then there is none."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return not any(len(parts) > 1 and parts[1].startswith("/proc/") for parts in mounts)
