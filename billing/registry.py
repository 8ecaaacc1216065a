"""Where apps above this one say what billing's plain ids mean to people."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class RunLabel:
    """What ran, and the page of the run."""

    name: str
    url: str


# Called with the workspace and ids of runs; answers those that exist there. One query.
run_labellers: list[Callable[[UUID, Collection[UUID]], Mapping[UUID, RunLabel]]] = []


def run_labels(workspace_id: UUID, run_ids: Collection[UUID]) -> dict[UUID, RunLabel]:
    labels: dict[UUID, RunLabel] = {}
    for labeller in run_labellers if run_ids else ():
        labels |= labeller(workspace_id, run_ids)
    return labels
