"""Attacks from inside of a sandbox: what runs there reaches nothing of ours, uses no more than its share, and leaves nothing."""

import ast
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent_app.tools.sandbox import bubblewrap, machine
from agent_app.tools.sandbox.bubblewrap import Box, Limits
from agent_app.tools.sandbox.machine import Ended

needs_sandbox = pytest.mark.skipif(
    bool(machine.unavailable()), reason=f"no sandbox can be made here: {machine.unavailable()}"
)
pytestmark = needs_sandbox

PROGRAMS = (
    "ls",
    "cat",
    "find",
    "ln",
    "sleep",
    "ps",
    "id",
    "env",
    "dd",
    "mount",
    "unshare",
    "touch",
    "stat",
    "hostname",
)
ENOUGH = Limits(seconds=60)  # of what ends by itself, or by another limit, well before


def shell(script: str, limits: Limits = ENOUGH, **box: object) -> Ended:
    return machine.run(["/.box/sh", "-c", script], Box(programs=PROGRAMS, **box), limits)  # type: ignore[arg-type]


def python(code: str, limits: Limits = ENOUGH, **box: object) -> Ended:
    made = Box(programs=PROGRAMS, code=code.encode(), **box)  # type: ignore[arg-type]
    return machine.run([bubblewrap.interpreter()[0], "-I", bubblewrap.CODE], made, limits)


def said(ended: Ended) -> str:
    assert ended.how == machine.EXITED, ended
    return (ended.stdout + ended.stderr).decode()


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No process of a sandbox is left; what has ended may wait to be collected."""
    yield
    assert [
        each.info for each in psutil.process_iter(["pid", "name", "cmdline", "uids", "status"]) if _lives(each)
    ] == []


def _lives(process: psutil.Process) -> bool:
    info, user = process.info, bubblewrap.user()  # type: ignore[attr-defined]
    inside = info["name"] == "bwrap" if user is None else info["uids"] is not None and info["uids"].real == user
    return inside and info["status"] != psutil.STATUS_ZOMBIE and not _of_others(process)


def _of_others(process: psutil.Process) -> bool:
    """Another worker of the tests has sandboxes of its own meanwhile. What is left behind has nobody above it, or us."""
    try:
        above = {each.pid: each.name() for each in process.parents()}
    except psutil.NoSuchProcess:
        return True
    return os.getpid() not in above and any(name.startswith("python") for name in above.values())


class TestFiles:
    @pytest.mark.parametrize(
        "path",
        ["/etc/shadow", "/root", "/home", "/var", "/proc/1/root/etc/shadow", "/../../etc/shadow", __file__, os.getcwd(), "/sys",
         "/run", "/boot", "/dev/sda", "/dev/mem", "/dev/kmsg", "/usr/bin/bwrap"],
    )  # fmt: skip
    def test_nothing_of_the_machine_is_there(self, path: str) -> None:
        assert shell(f'cat "{path}" || ls "{path}"').exit_code != 0

    def test_the_whole_tree_holds_nothing_of_ours(self, tmp_path: Path) -> None:
        tree = said(shell("find / -xdev -maxdepth 2 2>/dev/null; ls /"))
        assert "troupe" not in tree and str(tmp_path) not in tree
        assert set(said(shell("ls -A /")).split()) <= {
            ".box", "bin", "code", "dev", "etc", "files", "lib", "lib64", "opt", "proc", "tmp", "usr", "workspace",
        }  # fmt: skip

    def test_programs_that_are_not_asked_for_do_not_exist(self) -> None:
        ended = machine.run(["/.box/sh", "-c", "ls / >/dev/null && ps"], Box(programs=("ls",)), ENOUGH)
        assert ended.exit_code == 127

    @pytest.mark.parametrize(
        "path", ["/bin/x", "/lib/x", "/x", "/etc/passwd", "/usr/share/x", "/dev/x", "/files/x", "/.box/x"]
    )
    def test_only_the_workspace_can_be_written(self, path: str) -> None:
        assert shell(f'echo hi > "{path}"').exit_code != 0
        assert said(shell("echo hi > a && cat a")) == "hi\n"

    def test_blocked_paths_are_not_there(self) -> None:
        assert said(shell("ls /etc /usr/share | head -n 1")) != ""
        hidden = ("/etc", "/usr", "/home")
        for path in hidden:
            assert shell(f"ls {path}", hidden=hidden).exit_code != 0
        assert shell("ls /usr/share/doc/* | head -n 1", hidden=("/usr/share/doc",)).stdout == b""

    def test_nothing_can_be_written_where_it_is_read_only(self) -> None:
        for path in ("/workspace/a", "/tmp/a", "/dev/x", "/a"):  # noqa: S108  # inside
            assert shell(f"touch {path}", read_only=True).exit_code != 0

    def test_files_handed_in_can_be_read_and_not_changed(self, tmp_path: Path) -> None:
        (tmp_path / "in").write_text("given")
        inputs = (("note.txt", tmp_path / "in"),)
        assert said(shell("cat /files/note.txt", inputs=inputs)) == "given"
        assert shell("echo other > /files/note.txt", inputs=inputs).exit_code != 0
        assert (tmp_path / "in").read_text() == "given"


class TestWorkspace:
    def test_it_is_kept_from_call_to_call(self, tmp_path: Path) -> None:
        first = shell("echo one > a; touch -d 2020-01-01 a", keep=tmp_path / "kept")
        assert first.kept
        assert said(shell("cat a", held=tmp_path / "kept")) == "one\n"

    def test_links_out_of_it_lead_nowhere(self, tmp_path: Path) -> None:
        outside = tmp_path / "secret"
        outside.write_text("secret of ours")
        made = shell(
            f"ln -s {outside} link; ln -s /etc/shadow shadow; ln -s ../../../..{outside} up; cat link shadow up",
            keep=tmp_path / "kept",
        )
        assert made.kept and b"secret of ours" not in made.stdout
        assert b"secret of ours" not in (tmp_path / "kept").read_bytes()
        again = shell("cat link shadow up; echo overwritten > link", held=tmp_path / "kept", keep=tmp_path / "next")
        assert b"secret of ours" not in again.stdout
        assert outside.read_text() == "secret of ours"

    def test_what_cannot_be_packed_spoils_nothing(self, tmp_path: Path) -> None:
        code = "import os, socket\nos.mkfifo('pipe')\nopen('locked','w').close()\nos.chmod('locked', 0)\nopen('a','w').write('x')\n"
        code += "socket.socket(socket.AF_UNIX).bind('sock')\nos.mkdir('d'); os.chmod('d', 0)"
        assert python(code, keep=tmp_path / "kept").kept
        assert said(shell("cat a", held=tmp_path / "kept")) == "x"

    def test_one_that_was_ended_keeps_nothing(self, tmp_path: Path) -> None:
        ended = shell("echo one > a; sleep 60", Limits(seconds=0.5), keep=tmp_path / "kept")
        assert (ended.how, ended.kept) == (machine.TIMEOUT, False)


class TestOthers:
    def test_processes_of_others_are_not_seen(self) -> None:
        seen = said(python("import os\nprint([p for p in os.listdir('/proc') if p.isdigit()])"))
        assert len(ast.literal_eval(seen)) < 8
        assert shell(f"kill -0 {os.getpid()}").exit_code != 0

    def test_the_environment_holds_no_secret(self) -> None:
        text = said(python(
            "import os\nprint(dict(os.environ))\n"
            "for p in os.listdir('/proc'):\n"
            "    if p.isdigit():\n"
            "        try: print(open(f'/proc/{p}/environ').read(), open(f'/proc/{p}/cmdline').read())\n"
            "        except OSError: pass\n"
        ))  # fmt: skip
        for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL"):
            assert name not in text
            assert os.environ[name] not in text

    def test_descriptors_of_ours_are_not_inherited(self) -> None:
        text = said(
            python("import os\nprint(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')))")
        )
        assert "socket:" not in text and str(Path.cwd()) not in text

    def test_the_kernel_cannot_be_set(self) -> None:
        for path in (
            "/proc/sys/kernel/core_pattern",
            "/proc/sysrq-trigger",
            "/proc/sys/kernel/hostname",
            "/proc/1/oom_score_adj",
        ):
            assert shell(f"echo x > {path}").exit_code != 0

    def test_there_is_no_network(self) -> None:
        code = """
import socket
for family, address in ((socket.AF_INET, ('127.0.0.1', {port})), (socket.AF_INET, ('1.1.1.1', 53)), (socket.AF_INET6, ('::1', {port}))):
    with socket.socket(family) as s:
        s.settimeout(2)
        try: s.connect(address); print('connected', address)
        except OSError as e: print('refused')
"""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            text = said(python(code.format(port=listening.getsockname()[1])))
        assert text.split() == ["refused"] * 3

    def test_there_are_no_other_sockets_and_no_new_namespaces(self) -> None:
        code = """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
for family in (socket.AF_VSOCK, socket.AF_PACKET, socket.AF_ALG, 31):
    try: socket.socket(family, socket.SOCK_DGRAM); print('made', family)
    except OSError: pass
for flags in (0x10000000, 0x20000, 0x20000000, 0x40000000):
    if libc.unshare(flags) == 0: print('unshared', flags)
if libc.ptrace(0, 0, 0, 0) == 0: print('traced')
if libc.mount(b'none', b'/workspace', b'tmpfs', 0, None) == 0: print('mounted')
if libc.memfd_create(b'x', 0) >= 0: print('memory')
if libc.syscall(435, 0, 0) >= 0: print('clone3')
if libc.setuid(0) == 0: print('root')
print('end')
"""
        assert said(python(code)) == "end\n"

    def test_who_runs_there_is_nobody(self) -> None:
        status = dict(line.split(":", 1) for line in said(shell("cat /proc/self/status")).splitlines())
        none = "\t0000000000000000"
        assert (status["CapEff"], status["CapPrm"], status["CapBnd"], status["CapAmb"]) == (none,) * 4
        assert (status["NoNewPrivs"], status["Seccomp"], status["Uid"].split()) == ("\t1", "\t2", ["1000"] * 4)


@pytest.mark.usefixtures("nothing_left")
class TestLimits:
    def test_a_loop_ends(self) -> None:
        ended = shell("while :; do :; done", Limits(seconds=0.7))
        assert ended.how == machine.TIMEOUT
        assert ended.seconds < 30

    def test_what_ran_in_the_background_ends_with_it(self) -> None:
        assert said(shell("sleep 1000 & sleep 1000 & echo done")) == "done\n"

    def test_nothing_outlives_a_timeout(self) -> None:
        code = "import os, signal, time\n"
        code += "for n in range(1, 64):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        code += "if os.fork() == 0:\n    os.setsid()\n    os.fork()\ntime.sleep(100)"
        assert python(code, Limits(seconds=0.7)).how == machine.TIMEOUT

    def test_processes_are_counted(self) -> None:
        code = "import os, time\nmade = 0\ntry:\n    while True:\n"
        code += "        if os.fork() == 0: time.sleep(30); os._exit(0)\n        made += 1\n"
        code += "except BlockingIOError:\n    print(made, flush=True)\nos._exit(0)"
        ended = python(code)
        assert 5 < int(said(ended)) <= Limits().processes

    def test_a_fork_bomb_goes_off_inside(self) -> None:
        ended = shell("bomb() { bomb | bomb & }; bomb; sleep 60", Limits(seconds=1))
        assert ended.how in (machine.TIMEOUT, machine.EXITED, machine.OUTPUT)

    def test_memory_of_one_process_is_limited(self) -> None:
        ended = python("x = bytearray(3 * 2**30)")
        assert ended.exit_code != 0 or ended.how == machine.MEMORY

    def test_memory_of_all_together_is_limited(self) -> None:
        code = "import os, time\nfor n in range(3): os.fork()\nx = bytearray(b'x') * (100 * 2**20)\ntime.sleep(30)"
        assert python(code, Limits(seconds=60, memory=256 * 2**20)).how == machine.MEMORY

    @pytest.mark.parametrize("where", ["/workspace", "/tmp", "/dev/shm"])  # noqa: S108  # inside
    def test_files_cannot_fill_the_memory(self, where: str) -> None:
        code = f"for n in range(100):\n    with open('{where}/%d' % n, 'wb', 0) as f:\n"
        code += "        for _ in range(16): f.write(bytes(2**20))"
        ended = python(code, Limits(seconds=60, disk=32 * 2**20))
        assert b"No space left" in ended.stderr

    def test_files_that_nobody_sees_count_too(self) -> None:
        code = "import os\nheld = []\nfor n in range(100):\n    f = open('x', 'wb', 0); os.unlink('x')\n"
        code += "    f.write(bytes(2**20)); held.append(f)"
        assert b"No space left" in python(code, Limits(seconds=60, disk=8 * 2**20)).stderr

    def test_one_file_is_limited(self) -> None:
        ended = shell(
            "dd if=/dev/zero of=a bs=1M count=100",
            Limits(seconds=60, disk=4 * 2**20),
        )
        assert ended.exit_code != 0

    def test_many_files_are_too_many(self) -> None:
        code = "import os\nn = 0\nwhile True:\n    open(f'f{n}', 'w').close(); n += 1"
        assert python(code, Limits(seconds=60, entries=2000)).how == machine.DISK

    @pytest.mark.parametrize("stream", ["1", "2"])
    def test_output_is_limited(self, stream: str) -> None:
        ended = shell(
            f"while :; do echo yes yes yes yes yes yes yes >&{stream}; done", Limits(seconds=60, output=50_000)
        )
        assert ended.how == machine.OUTPUT
        assert max(len(ended.stdout), len(ended.stderr)) == 50_000

    def test_one_that_nobody_waits_for_ends(self) -> None:
        gone = threading.Event()
        threading.Timer(0.5, gone.set).start()
        ended = machine.run(
            ["/.box/sh", "-c", "sleep 60"], Box(programs=PROGRAMS), Limits(seconds=30), wanted=lambda: not gone.is_set()
        )
        assert ended.how == machine.CANCELLED
        assert ended.seconds < 25

    def test_it_ends_with_the_process_that_started_it(self) -> None:
        """Celery kills a process of its pool that does not end by itself."""
        long = str(10_000 + os.getpid())
        code = (
            "from agent_app.tools.sandbox import machine\nfrom agent_app.tools.sandbox.bubblewrap import Box, Limits\n"
            "print('on', flush=True)\n"
            f"machine.run(['/.box/sh', '-c', 'sleep {long}'], Box(programs=('sleep',)), Limits(seconds=60))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "agents:."}
        ) as parent:
            assert parent.stdout is not None
            parent.stdout.readline()
            until = time.monotonic() + 60
            while not (inside := _sleeping(long)):
                assert time.monotonic() < until
            parent.kill()
        psutil.wait_procs(inside, timeout=60)
        assert _sleeping(long) == []


def _sleeping(seconds: str) -> list[psutil.Process]:
    found = []
    for each in psutil.process_iter(["cmdline"]):
        if (each.info["cmdline"] or [])[:2] == ["sleep", seconds]:
            found.append(each)
    return found
