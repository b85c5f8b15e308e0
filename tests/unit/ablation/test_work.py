"""Work is planned once, done once, and told with the time that is left."""

import threading
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.ablation import processes
from pet_mtl.ablation.arms import chosen_arms
from pet_mtl.ablation.collecting import Collected, three_statistics
from pet_mtl.ablation.material import Material, Source
from pet_mtl.ablation.processes import Clock, run_all
from pet_mtl.ablation.scores import read_scores, write_scores
from pet_mtl.ablation.shared_heads import statistics_scores
from pet_mtl.ablation.work import Folders, Setting, Work, plan_work
from pet_mtl.config import LossConfig, ModelConfig, TrainConfig
from pet_mtl.config.stage import StageConfig
from pet_mtl.errors import ModelError
from pet_mtl.metrics import roc_auc

LEAN = TrainConfig(model=ModelConfig(learned=False), stage=StageConfig(joint_steps=0))


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    material = Material(Source(tmp_path / "a"), Source(tmp_path / "b"))
    return Setting(material, LEAN, Folders(tmp_path / "out"))


def finish(setting: Setting, work: Work) -> None:
    for path in work.made(setting.folders):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_one_segmenter_and_one_pass_a_seed(setting):
    first, second = plan_work(setting, chosen_arms(("fine", "survival")), 3)
    assert [work.kind for work in first] == ["segmenter"] * 3 + ["handcrafted"]
    heads = [work for work in second if work.kind == "heads"]
    assert [[arm.key for arm in work.arms] for work in heads] == [["base", "fine"]] * 3
    networks = [work.arms[0].key for work in second if work.kind == "network"]
    assert networks == ["survival"] * 3
    assert sum(work.kind == "opponents" for work in second) == 3


def test_what_is_done_is_not_done_again(setting, monkeypatch):
    rounds = plan_work(setting, chosen_arms(("fine",)), 2)
    finish(setting, rounds[0][0])
    finish(setting, rounds[1][-1])
    did: list[str] = []
    told: list[str] = []

    def work(setting: Setting, one: Work, report: object) -> None:
        finish(setting, one)
        did.append(one.label)

    monkeypatch.setattr(processes, "_in_own_process", work)
    run_all(setting, rounds, 2, told.append)
    every = {work.label for one in rounds for work in one}
    assert set(did) == every - {rounds[0][0].label, rounds[1][-1].label}
    assert told[0] == "2 of 7 pieces of work are done already"
    assert "nothing left" in told[-1]
    did.clear()
    run_all(setting, rounds, 2, told.append)
    assert not did


def test_a_failure_ends_what_was_not_begun_and_is_raised(setting, monkeypatch):
    rounds = plan_work(setting, chosen_arms(("fine",)), 3)
    did: list[str] = []
    begun = threading.Event()

    def work(setting: Setting, one: Work, report: object) -> None:
        did.append(one.label)
        begun.set()
        raise ModelError("ABLATE_DIED", "died")

    monkeypatch.setattr(processes, "_in_own_process", work)
    with pytest.raises(ModelError, match="ABLATE_DIED"):
        run_all(setting, rounds, 1, lambda _: None)
    assert begun.is_set() and len(did) < 4
    assert not any("heads" in label for label in did)


def test_the_time_left_is_that_of_what_is_left_of_each_kind():
    clock = Clock(2, {"segmenter": 2, "heads": 3})
    assert clock.remaining_s() is None
    clock.finished("segmenter", 100.0)
    assert clock.remaining_s() is None  # nobody knows yet how long heads take
    clock.finished("heads", 10.0)
    clock.finished("heads", 20.0)
    assert clock.remaining_s() == (1 * 100.0 + 1 * 15.0) / 2


def test_scores_come_back(tmp_path):
    values = {"risk": np.array([0.1, np.nan]), "response": np.array([1e-17, 0.25])}
    write_scores(tmp_path / "a.csv", ["p", "q"], values)
    write_scores(tmp_path / "b.csv", ["r"], {"risk": np.array([2.0])})
    found = read_scores([tmp_path / "a.csv", tmp_path / "b.csv"], ("r", "p", "q", "nobody"))
    np.testing.assert_array_equal(found["risk"], [2.0, 0.1, np.nan, np.nan])
    np.testing.assert_array_equal(found["response"], [np.nan, 1e-17, 0.25, np.nan])
    with pytest.raises(ModelError, match="ABLATE_SCORES"):
        read_scores([tmp_path / "a.csv", tmp_path / "a.csv"], ("p", "q"))


def test_three_statistics_by_hand():
    found = three_statistics(np.array([1.0, 2.0, 3.0]), 10.0)
    np.testing.assert_allclose(found, [np.log(3.0), 2.0, np.sqrt(2 / 3)])


def collected(patients: int, seed: int) -> Collected:
    random = np.random.default_rng(seed)
    statistics = random.normal([2, 5, 1], [1, 2, 0.5], (patients, 3))
    risk = (statistics[:, 1] - 5) / 2
    time = 400 * random.exponential(np.exp(-risk))
    labels = {
        "survival": np.stack([time, np.ones(patients)], axis=1).astype(np.float32),
        "response": (random.random((patients, 1)) < 1 / (1 + np.exp(-2 * risk[:, None]))) * 1.0,
        "has_survival": np.ones(patients),
        "has_response": np.ones(patients),
    }
    return Collected({}, labels, statistics, np.full(patients, np.nan))


def test_three_statistics_find_what_matters_and_nothing_of_the_judged_leaks():
    learned, judged = collected(150, 1), collected(60, 2)
    config = TrainConfig(loss=LossConfig(head_penalty=(0.01, 0.1)))
    scores = statistics_scores(learned, judged, (config, 0), (200.0, 600.0, 2000.0))
    assert roc_auc(judged.labels["response"][:, 0], scores["response"]) > 0.75
    assert np.corrcoef(scores["risk"], judged.statistics[:, 1])[0, 1] > 0.9
    fewer = Collected({}, {}, judged.statistics[:5], judged.dice[:5])
    again = statistics_scores(learned, fewer, (config, 0), (200.0, 600.0, 2000.0))
    np.testing.assert_array_equal(again["risk"], scores["risk"][:5])
