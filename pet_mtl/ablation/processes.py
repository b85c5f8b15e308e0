"""Running pieces of work side by side, one process each, with the time that is left."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pet_mtl.ablation.learning import train_network, train_segmenter
from pet_mtl.ablation.opponents import extract, score_opponents
from pet_mtl.ablation.shared_heads import fit_shared
from pet_mtl.ablation.work import Setting, Work
from pet_mtl.errors import ModelError, PetMtlError
from pet_mtl.training.children import Child, one_at_a_time, run_child, side_by_side
from pet_mtl.training.determinism import prepare_tensorflow
from pet_mtl.training.progress import Report

_DOES: dict[str, Callable[[Setting, Work, Report], None]] = {
    "segmenter": train_segmenter,
    "handcrafted": extract,
    "heads": fit_shared,
    "network": train_network,
    "opponents": score_opponents,
}


@dataclass
class Clock:
    """How long the rest will take, by how long what is done took.

    Attributes:
        seconds: Kind of work to the seconds that each finished one took.
        left: Kind of work to the number that is not finished.
        jobs: Processes side by side.
    """

    jobs: int
    left: dict[str, int]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def finished(self, kind: str, seconds: float) -> None:
        """Notes one."""
        self.seconds.setdefault(kind, []).append(seconds)
        self.left[kind] -= 1

    def remaining_s(self) -> float | None:
        """Seconds that are left; None while a kind that is left has never been finished."""
        open_kinds = [kind for kind, number in self.left.items() if number]
        if any(kind not in self.seconds for kind in open_kinds):
            return None
        means = {kind: sum(s) / len(s) for kind, s in self.seconds.items()}
        return sum(self.left[kind] * means[kind] for kind in open_kinds) / self.jobs


def run_all(setting: Setting, rounds: Sequence[Sequence[Work]], jobs: int, report: Report) -> None:
    """Does what is not done yet; a round begins when the one before it has ended.

    Args:
        setting: What is shared.
        rounds: Pieces of work, in rounds.
        jobs: Processes side by side.
        report: Called with lines and steps.

    Raises:
        PetMtlError: A piece failed; those in work were finished before.
    """
    told = one_at_a_time(report)
    todo = [[work for work in one if not work.done(setting.folders)] for one in rounds]
    total, count = sum(map(len, rounds)), sum(map(len, todo))
    if count < total:
        told(f"{total - count} of {total} pieces of work are done already")
    left: dict[str, int] = {}
    for work in (work for one in todo for work in one):
        left[work.kind] = left.get(work.kind, 0) + 1
    clock = Clock(jobs, left)
    for one in todo:
        _side_by_side(setting, one, told, clock)


def _side_by_side(setting: Setting, todo: Sequence[Work], report: Report, clock: Clock) -> None:
    """One round; the first that fails is raised when those in work have ended."""

    def one(work: Work) -> None:
        began = time.monotonic()
        _in_own_process(setting, work, report)
        seconds = time.monotonic() - began
        clock.finished(work.kind, seconds)
        report(f"{work.label}: done in {seconds:.0f} s, {_left(clock)}")

    side_by_side([partial(one, work) for work in todo], clock.jobs)


def _left(clock: Clock) -> str:
    """What is left, in words."""
    number, seconds = sum(clock.left.values()), clock.remaining_s()
    if not number:
        return "nothing left"
    return f"{number} left" + ("" if seconds is None else f", about {seconds / 60:.0f} min")


def _in_own_process(setting: Setting, work: Work, report: Report) -> None:
    """One process a piece."""
    died = ModelError(
        "ABLATE_DIED",
        "a process ended without finishing its work",
        todo="See above for its last words; if it lacked memory, give fewer --jobs. The same "
        "command goes on where it stood",
        subject=work.label,
    )
    run_child(Child(work.label, _work, (setting, work), died), report)


def _work(setting: Setting, work: Work, report: Report) -> None:
    """What the process of a piece does."""
    try:
        prepare_tensorflow(setting.threads, setting.base.deterministic)
        _DOES[work.kind](setting, work, report)
    except PetMtlError as error:
        raise error.about(work.label) from error
