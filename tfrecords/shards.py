"""Who goes into which fold and which shard, decided before anything is written.

Pure arithmetic on what is known of the studies. A patient is in one fold only, classes are
spread evenly, and who comes next depends on the studies' names and the seed alone, so that the
same cohort gives the same folds whatever its pseudonyms and its file format are.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DATASET_NAME = "pet_mtl"
DEFAULT_SHARD_BYTES = 64 * 2**20

SHARD_PATTERN = re.compile(rf"{DATASET_NAME}-fold_\d+\.tfrecord-\d{{5}}-of-\d{{5}}")


@dataclass(frozen=True)
class Member:
    """What is known of a study when folds are dealt.

    Attributes:
        sample_id: Pseudonym.
        name: Its name in the source, once in a cohort; never written anywhere.
        patients: What its patient is called; studies that share a name are of one patient.
            Never written anywhere.
        content: Hash of the image. Equal images are kept in one fold, too.
        event: Event seen, censored, or unknown.
        response: Response class, or unknown.
        has_mask: Whether the lesion is outlined.
        group: Whose members are to be one fold; "" deals evenly. Never written anywhere.
    """

    sample_id: str
    name: str
    patients: tuple[str, ...]
    content: str
    event: bool | None = None
    response: int | None = None
    has_mask: bool = False
    group: str = ""


@dataclass(frozen=True)
class Shard:
    """One shard: a file of records of one fold.

    Attributes:
        fold: The fold.
        index: Number of the shard in its fold, from 0.
        count: Shards of the fold.
        sample_ids: Its records, in order.
    """

    fold: int
    index: int
    count: int
    sample_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name, as TFDS expects it."""
        return f"{DATASET_NAME}-fold_{self.fold}.tfrecord-{self.index:05d}-of-{self.count:05d}"


@dataclass(frozen=True)
class ShardFile:
    """A shard that has been written.

    Attributes:
        shard: The plan of it.
        record_bytes: Sum of the records' sizes, framing not counted.
        sha256: Hash over its records.
    """

    shard: Shard
    record_bytes: int
    sha256: str


@dataclass(frozen=True)
class ShardPlan:
    """Every shard of a dataset.

    Attributes:
        folds: Number of folds.
        shards: Ordered by fold and index.
        patient_of: Pseudonym of a study to that of its patient's first study, by which a
            patient's studies are known to belong together.
    """

    folds: int
    shards: tuple[Shard, ...]
    patient_of: Mapping[str, str] = field(default_factory=dict)

    def fold_of(self) -> dict[str, int]:
        """Pseudonym to fold."""
        return {name: shard.fold for shard in self.shards for name in shard.sample_ids}


def plan_shards(
    members: Sequence[Member], folds: int, seed: int, record_bytes: int, shard_bytes: int
) -> ShardPlan:
    """Deals patients into folds and cuts folds into shards.

    Members that name a group are dealt by it, a fold a group, in the order of their names. Whoever
    has studies in several groups goes, whole, into the one of most of them.

    Args:
        members: All studies; the order given does not matter.
        folds: Folds wanted, >= 1; fewer are made if there are fewer patients. Not heard where
            there are groups.
        seed: Other seeds deal otherwise.
        record_bytes: Expected size of one record.
        shard_bytes: Size a shard should not exceed by much.

    Returns:
        The plan.
    """
    groups = patient_groups(members)
    if any(member.group for member in members):
        dealt = _by_group(groups)
    else:
        dealt = _evenly(groups, max(1, min(folds, len(groups))), seed)
    folds = max(1, len(dealt))
    per_shard = max(1, shard_bytes // max(1, record_bytes))
    shards: list[Shard] = []
    for fold in sorted(dealt):
        # An order by name would tell a list of names from the pseudonyms; the key hides this one.
        names = sorted(m.sample_id for m in dealt[fold])
        shards.extend(_cut(fold, names, per_shard))
    patient_of = {m.sample_id: min(m.sample_id for m in group) for group in groups for m in group}
    return ShardPlan(folds, tuple(shards), patient_of)


def _evenly(groups: Sequence[list[Member]], folds: int, seed: int) -> dict[int, list[Member]]:
    """Fold to its studies; as many patients of every class in each as can be."""
    dealt: dict[int, list[Member]] = defaultdict(list)
    ordered = sorted(groups, key=lambda g: (_stratum(g), min(_rank(m, seed) for m in g)))
    for place, group in enumerate(ordered):
        dealt[place % folds].extend(group)
    return dealt


def _by_group(groups: Sequence[list[Member]]) -> dict[int, list[Member]]:
    """Fold to its studies; each fold is one of the groups that the members name."""
    named: dict[str, list[Member]] = defaultdict(list)
    for patient in groups:
        counts = Counter(member.group for member in patient)
        named[min(counts, key=lambda name: (-counts[name], name))].extend(patient)
    return {fold: named[name] for fold, name in enumerate(sorted(named))}


def patient_groups(members: Sequence[Member]) -> list[list[Member]]:
    """Studies that must stay together: of one patient, or of one and the same image.

    Args:
        members: All studies.

    Returns:
        Groups in an order that does not depend on the order given, each ordered by name.
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for member in members:
        for patient in member.patients:
            parent[root(f"patient {patient}")] = root(f"content {member.content}")
    groups: dict[str, list[Member]] = defaultdict(list)
    for member in sorted(members, key=lambda m: m.name):
        groups[root(f"content {member.content}")].append(member)
    return list(groups.values())


def _stratum(group: Sequence[Member]) -> tuple[str, str, str]:
    """Class of a patient: event, response, mask; known before unknown in each."""
    event = next((str(m.event) for m in group if m.event is not None), "unknown")
    response = next((str(m.response) for m in group if m.response is not None), "unknown")
    return event, response, str(any(m.has_mask for m in group))


def _rank(member: Member, seed: int) -> str:
    """Random-looking, stable place; the same for the same study in another file format."""
    return hashlib.sha256(f"{seed} {member.name}".encode()).hexdigest()


def _cut(fold: int, names: Sequence[str], per_shard: int) -> list[Shard]:
    """Cuts a fold into shards of nearly equal length, order kept."""
    count = math.ceil(len(names) / per_shard)
    edges = [round(i * len(names) / count) for i in range(count + 1)]
    return [Shard(fold, i, count, tuple(names[edges[i] : edges[i + 1]])) for i in range(count)]
