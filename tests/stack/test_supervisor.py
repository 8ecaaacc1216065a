"""The supervisor with real children: it restarts, it gives up, it stops everything."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.env import BASE_DIR

READY = "pathlib.Path('{name}').touch()\n"
LIVES = "import pathlib, signal\n" + READY + "signal.pause()"
# Says in a shared file that it was asked to stop.
TELLS = (
    "import pathlib, signal, sys\n"
    "def stop(*_):\n    open('stopped', 'a').write('{name} ')\n    sys.exit()\n"
    "signal.signal(signal.SIGTERM, stop)\n" + READY + "while True: signal.pause()"
)
DEAF = "import pathlib, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "while True: signal.pause()"
# Lives until it is told to die; what its next life does is added.
DIES_WHEN_TOLD = (
    "import os, pathlib, signal, sys\n"
    "def die(*_):\n    print('the disk is on fire')\n    sys.exit(3)\n"
    "signal.signal(signal.SIGUSR1, die)\n"
    "first = not os.path.exists('again'); open('again', 'w').close()\n"
)
DIES_ONCE = DIES_WHEN_TOLD + READY + "signal.pause()"
DIES_ALWAYS = DIES_WHEN_TOLD + READY + "signal.pause() if first else die()"
NEVER_READY = "print('no configuration'); raise SystemExit(2)"
PARENT = (
    "import pathlib, subprocess, sys, time\n"
    "deaf = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()'\n"
    "grandchild = subprocess.Popen([sys.executable, '-c', deaf], stdout=subprocess.PIPE)\n"
    "grandchild.stdout.readline()\n"
    "pathlib.Path('grandchild').write_text(str(grandchild.pid)); pathlib.Path('{name}').touch()\n"
    "time.sleep(600)"
)

Play = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Starts a scene: ``play({"name": code}, {"other": code}, **options)``, one dictionary for each stage."""
    started: list[subprocess.Popen[str]] = []

    def start(*stages: dict[str, str], **options: float) -> "subprocess.Popen[str]":
        script = [
            {name: {"code": code.format(name=name), **options} for name, code in stage.items()} for stage in stages
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stack.scene", json.dumps(script), str(tmp_path)],
            cwd=BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def children_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Reads lines until the scene is ready."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith("ready"):
            return [psutil.Process(int(pid)) for pid in line.split()[1:]]
    raise AssertionError(process.communicate()[1])


def test_a_child_that_dies_is_started_again_after_a_moment(play: Play) -> None:
    scene = play({"flaky": DIES_ONCE})
    (flaky,) = children_of(scene)
    flaky.send_signal(signal.SIGUSR1)
    assert scene.stdout
    assert scene.stdout.readline() == "flaky exit code 3; starting it again in 0.05 s\n"
    assert scene.stdout.readline() == "flaky is back\n"
    scene.send_signal(signal.SIGTERM)
    assert scene.communicate(timeout=60) == ("stopped\n", "")
    assert scene.returncode == 0


def test_three_deaths_stop_the_stack_and_show_the_childs_last_words(play: Play) -> None:
    scene = play({"steady": LIVES}, {"doomed": DIES_ALWAYS})
    steady, doomed = children_of(scene)
    doomed.send_signal(signal.SIGUSR1)
    said, errors = scene.communicate(timeout=60)
    waits = [line.rpartition(" in ")[2] for line in said.splitlines() if "starting it again" in line]
    assert waits == ["0.05 s", "0.1 s"]
    assert "  | the disk is on fire\n" in errors
    assert "troupe: doomed died 3 times within 60 s (exit code 3). Its log is " in errors
    assert scene.returncode == 1
    assert not steady.is_running()


def test_a_child_that_dies_at_start_is_not_tried_again(play: Play) -> None:
    scene = play({"steady": LIVES}, {"broken": NEVER_READY})
    said, errors = scene.communicate(timeout=60)
    assert said == ""
    assert errors.startswith("  | no configuration\ntroupe: broken stopped while starting (exit code 2). Its log is ")
    assert scene.returncode == 1


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_child_the_database_last(play: Play, tmp_path: Path, name: signal.Signals) -> None:
    scene = play({"database": TELLS}, {"web": TELLS})
    running = children_of(scene)
    scene.send_signal(name)
    scene.communicate(timeout=60)
    assert scene.returncode == 0
    assert (tmp_path / "stopped").read_text() == "web database "
    assert not any(process.is_running() for process in running)


def test_two_signals_at_once_are_one_request(play: Play, tmp_path: Path) -> None:
    """``make`` passes SIGTERM on, so that a signal to its process group arrives twice."""
    scene = play({"database": TELLS}, {"web": TELLS})
    children_of(scene)
    scene.send_signal(signal.SIGTERM)
    scene.send_signal(signal.SIGTERM)
    scene.communicate(timeout=60)
    assert (tmp_path / "stopped").read_text() == "web database "


def test_a_child_that_ignores_the_request_is_killed(play: Play) -> None:
    scene = play({"deaf": DEAF}, stop_within=0.1)
    (deaf,) = children_of(scene)
    scene.send_signal(signal.SIGTERM)
    assert scene.communicate(timeout=60)[0] == "deaf did not stop within 0.1 s; killing it\nstopped\n"
    assert not deaf.is_running()


def test_what_a_child_has_started_goes_with_it(play: Play, tmp_path: Path) -> None:
    scene = play({"parent": PARENT})
    children_of(scene)
    grandchild = psutil.Process(int((tmp_path / "grandchild").read_text()))
    scene.send_signal(signal.SIGTERM)
    scene.communicate(timeout=60)
    psutil.wait_procs([grandchild], timeout=60)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children of their parent's death on Linux only")
def test_nobody_is_orphaned_when_the_supervisor_is_killed(play: Play) -> None:
    scene = play({"database": LIVES}, {"deaf": DEAF})
    running = children_of(scene)
    os.kill(scene.pid, signal.SIGKILL)
    scene.wait()
    _, alive = psutil.wait_procs(running, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
