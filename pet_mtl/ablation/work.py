"""The pieces of work of an ablation: each is one process, and each is done once."""

from dataclasses import dataclass
from pathlib import Path

from pet_mtl.ablation.arms import Arm, arm_config, fits_heads_only
from pet_mtl.ablation.material import ALL, Material
from pet_mtl.config import TrainConfig

KINDS = ("segmenter", "handcrafted", "heads", "network", "opponents")
STATISTICS = "three_statistics"
OPPONENTS = ("clinical", "mtv_suv_max", "hand_cox", "hand_logistic", "hand_forest")


@dataclass(frozen=True)
class Folders:
    """Where things lie.

    Attributes:
        out: The ablation's directory.
    """

    out: Path

    def segmenter(self, seed: int, fold: int) -> Path:
        """Folder of a seed's segmenter."""
        return self.out / "segmenters" / _place(seed, fold)

    def training(self, arm: str, seed: int, fold: int) -> Path:
        """Folder of an arm's training; gone when it is done."""
        return self.out / "trainings" / arm / _place(seed, fold)

    def handcrafted(self) -> tuple[Path, Path]:
        """Handcrafted statistics of the training and of the judged patients."""
        return self.out / "handcrafted_training.csv", self.out / "handcrafted_judged.csv"

    def scores(self, key: str, seed: int, fold: int) -> Path:
        """Scores of an arm or an opponent: sample_id, risk, response."""
        return self.out / "scores" / _place(seed, fold) / f"{key}.csv"


def _place(seed: int, fold: int) -> str:
    return f"seed_{seed}_fold_{fold}" if fold >= 0 else f"seed_{seed}"


@dataclass(frozen=True)
class Setting:
    """What all pieces of work share.

    Attributes:
        material: The patients.
        base: The base configuration.
        folders: Where things lie.
        threads: Cores of one process; 0 for all.
    """

    material: Material
    base: TrainConfig
    folders: Folders
    threads: int = 0

    def segmenter_file(self, seed: int, fold: int) -> Path:
        """The segmenter of a seed."""
        return self.folders.segmenter(seed, fold) / "best.keras"

    def arm(self, arm: Arm, seed: int, fold: int) -> TrainConfig:
        """The configuration of an arm."""
        return arm_config(arm, self.base, seed, str(self.segmenter_file(seed, fold)))


@dataclass(frozen=True)
class Work:
    """One piece of work.

    Attributes:
        kind: One of KINDS.
        seed: Number of the seed, from 0.
        fold: The fold left out; -1 for none.
        arms: The arms whose scores it makes.
    """

    kind: str
    seed: int
    fold: int
    arms: tuple[Arm, ...] = ()

    @property
    def label(self) -> str:
        """Its name for people."""
        if self.kind == "handcrafted":
            return "handcrafted statistics"
        what = self.arms[0].key if self.kind == "network" else self.kind
        return f"{_place(self.seed, self.fold).replace('_', ' ')} {what}"

    def made(self, folders: Folders) -> tuple[Path, ...]:
        """The files that it makes; done if all are there."""
        if self.kind == "segmenter":
            return (folders.segmenter(self.seed, self.fold) / "best.keras",)
        if self.kind == "handcrafted":
            return folders.handcrafted()
        keys = [arm.key for arm in self.arms]
        keys += [STATISTICS] if self.kind == "heads" else []
        keys += OPPONENTS if self.kind == "opponents" else []
        return tuple(folders.scores(key, self.seed, self.fold) for key in keys)

    def done(self, folders: Folders) -> bool:
        """Whether all of it is there."""
        return all(path.is_file() for path in self.made(folders))


def plan_work(setting: Setting, arms: tuple[Arm, ...], seeds: int) -> list[list[Work]]:
    """All pieces of work, in rounds: a round needs what those before it made.

    Arms of equal configuration under a seed are trained once.

    Args:
        setting: What is shared.
        arms: The arms.
        seeds: Number of seeds.
    """
    places = [(seed, fold) for seed in range(seeds) for fold in setting.material.folds()]
    first = [*(Work("segmenter", *place) for place in places), Work("handcrafted", 0, ALL)]
    second: list[Work] = []
    for place in places:
        configs = {arm.key: setting.arm(arm, *place) for arm in arms}
        cheap = tuple(arm for arm in arms if fits_heads_only(configs[arm.key], setting.base))
        rest = [arm for arm in arms if arm not in cheap]
        groups: dict[TrainConfig, list[Arm]] = {}
        for arm in rest:
            groups.setdefault(configs[arm.key], []).append(arm)
        second += [Work("heads", *place, cheap)]
        second += [Work("network", *place, tuple(group)) for group in groups.values()]
        second += [Work("opponents", *place)]
    # The longest first, so that no core waits at the end for one training.
    order = {"network": 0, "heads": 1, "opponents": 2}
    return [first, sorted(second, key=lambda work: order[work.kind])]
