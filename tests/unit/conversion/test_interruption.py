"""Killed in the middle, the same command finishes, and nothing torn lies around."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from pet_mtl.conversion import convert
from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.conversion.pool import Workers
from pet_mtl.conversion.work import load_facts
from pet_mtl.errors import DatasetError

COUNT = 40
OPTIONS = [
    "--id-column", "who", "--time", "days", "--event", "dead", "--response", "resp",
    "--covariates", "age", "--folds", "3", "--seed", "2", "--size", "8", "--jobs", "2",
]  # fmt: skip


def _children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()]


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _until(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


@pytest.fixture
def large(cohort, write_patient):
    for i in range(11, COUNT):
        write_patient(cohort / f"PAT_{i:02d}", i, size=64)
    return cohort


@pytest.mark.slow
@pytest.mark.parametrize("sign", ["set.work/*.npz", "set/*.tfrecord-*"])
def test_sigkill(large, tmp_path, config, sign):
    config = dataclasses.replace(config, shard_bytes=1, key=tmp_path / "set.key")
    convert(large, tmp_path / "undisturbed", config)
    command = [
        Path(sys.executable).with_name("pet-mtl"), "convert", large, tmp_path / "set",
        "--clinical", tmp_path / "clinical.csv", *OPTIONS,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until(lambda: any(tmp_path.glob(sign)) or process.poll() is not None)
    workers = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert workers
    _until(lambda: not any(_alive(worker) for worker in workers), 20)

    dataset, folder = tmp_path / "set", DatasetFolder(tmp_path / "set")
    assert not folder.done.exists()
    kept = list(folder.work.glob("*.npz"))
    assert kept and all(load_facts(path) is not None for path in kept)
    for shard in dataset.glob("pet_mtl-*"):
        assert len(list(tf.data.TFRecordDataset(str(shard)))) >= 1

    result = convert(large, dataset, config)
    assert result.counts["studies"] == COUNT
    assert result.read == COUNT - len(kept)
    assert {p.name for p in dataset.iterdir() if p.name.startswith(".")} == set()


def test_a_lost_worker_is_told():
    with Workers(2) as workers, pytest.raises(DatasetError) as caught:
        list(workers.map(os._exit, [1]))
    assert caught.value.code == "CONVERT_WORKER_LOST"
    assert "same command again" in str(caught.value)


def test_results_keep_their_order_and_tasks_are_taken_one_by_one():
    taken = []

    def tasks():
        for number in range(50):
            taken.append(number)
            yield number

    with Workers(2) as workers:
        results = workers.map(str, tasks())
        assert next(results) == "0"
        assert len(taken) <= 6
        assert [next(results) for _ in range(5)] == ["1", "2", "3", "4", "5"]
        assert len(taken) <= 12
