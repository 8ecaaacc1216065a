"""``make test`` fails where the tests run too little of the code, and names the room."""

import json
from pathlib import Path

import pytest

from deploy import thresholds
from deploy.thresholds import ROOMS

FULL = {"num_statements": 80, "covered_lines": 80, "num_branches": 20, "covered_branches": 20}


def report(path: Path, **files: dict[str, int]) -> Path:
    path.write_text(json.dumps({"files": {name: {"summary": summary} for name, summary in files.items()}}))
    return path


@pytest.mark.parametrize(
    ("file", "room"),
    [
        ("community/api/auth.py", "auth"), ("agents/agent_app/policies.py", "policies"), ("billing/services/holds.py", "ledger"),
        ("agents/agent_app/engine/providers/sse.py", "executor"), ("agents/agent_app/runs/worker.py", "executor"),
    ],
)  # fmt: skip
def test_a_room_needs_more_than_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, room: str
) -> None:
    files = {file: FULL | {"covered_branches": 9}, "config/handler.py": FULL}
    assert thresholds.check(report(tmp_path / "r", **files)) == [room]
    assert f"{room:<10}  89.0 %" in capsys.readouterr().out
    assert thresholds.check(report(tmp_path / "r", **{file: FULL | {"covered_branches": 10}})) == []


def test_the_whole_needs_85_percent(tmp_path: Path) -> None:
    files = {"config/handler.py": FULL | {"covered_lines": 64, "covered_branches": 20}}
    assert thresholds.check(report(tmp_path / "r", **files)) == ["overall"]


def test_each_room_is_where_it_says() -> None:
    root = Path(thresholds.__file__).parents[1]
    empty = [each for room in ROOMS for each in room.files if not any(root.glob(each.replace("*/", "**/")))]
    assert empty == []
