"""The terminal shows what matters of the children's logs."""

from pathlib import Path

from deploy.stack.options import rotate_log
from deploy.stack.tail import Tail


def test_only_errors_reach_the_terminal_and_only_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text(
        '{"level":"INFO","message":"hello"}\n{"level":"ERROR","message":"boom","exception":"a\\nValueError: x"}\n'
    )
    tail = Tail("web", log)
    assert tail.news() == ["web: boom ['ValueError: x']"]
    assert tail.news() == []


def test_a_line_is_shown_when_it_is_complete(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("FATAL: the ")
    tail = Tail("postgres", log)
    assert tail.news() == []
    with log.open("a") as stream:
        stream.write("disk is full\n")
    assert tail.news() == ["postgres: FATAL: the disk is full"]


def test_a_flood_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("FATAL: no\n" * 40)
    assert Tail("web", log).news() == ["web: FATAL: no"] * 5 + [f"web: 35 more errors in {log}"]


def test_old_logs_stay_for_three_starts(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for start in range(5):
        rotate_log(log)
        log.write_text(str(start))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "web.log": "4",
        "web.log.1": "3",
        "web.log.2": "2",
        "web.log.3": "1",
    }
