"""An ablation goes the whole way; arms that share work are what they would be alone."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.ablation.arms import ARMS, arm_config
from pet_mtl.ablation.learning import train_network
from pet_mtl.ablation.material import Material, Source
from pet_mtl.ablation.scores import read_scores
from pet_mtl.ablation.work import Folders, Setting, Work
from pet_mtl.config import TrainConfig, from_dict, load_train_config
from pet_mtl.files import read_csv

SETTINGS = (
    *("model.filters=[4,8]", "model.groups=2", "model.learned=false"),
    *("stage.mask_steps=8", "stage.joint_steps=0", "stage.validate_every=4"),
    *("stage.batch_size=4", "stage.mask_rate=0.03"),
)
TRAINED = ("base", "learned", "survival")


@pytest.fixture(scope="module")
def done(
    dataset: Path, cohort: Path, pet_mtl: Callable, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[object]]:
    """Three arms of one seed, judged on the dataset's own folds beside the truth."""
    out = tmp_path_factory.mktemp("ablation") / "out"
    settings = [part for one in SETTINGS for part in ("--set", one)]
    told = ("--truth", cohort / "truth.csv", "--clinical", cohort / "clinical.csv")
    call = ["ablate", dataset, "-o", out, "--seeds", 1, "--arms", "learned,survival", *settings]
    pet_mtl(*call, *told, "--samples", 100)
    return out, [*call, *told]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_tables_hold_every_arm_opponent_and_part(done: tuple[Path, list[object]]) -> None:
    out, _ = done
    found = json.loads((out / "ablation.json").read_text())
    scores = found["scores"]
    assert set(TRAINED) < set(scores) and {"oracle", "clinical", "hand_forest"} < set(scores)
    assert set(found["parts"]) == {"learned"}
    gain = found["parts"]["learned"]["survival"]
    by_hand = scores["learned"]["survival"]["value"] - scores["base"]["survival"]["value"]
    assert gain["value"] == pytest.approx(by_hand)
    assert "reason" in scores["survival"]["response"]  # this arm learns no response
    assert found["facts"]["judged_patients"] == 24
    for name in ("ablation.md", "ablation.csv", "ablation.svg", "ablation.png"):
        assert (out / name).stat().st_size > 500
    assert not list((out / "trainings").glob("*/*"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_lost_piece_is_made_again_and_nothing_else(
    done: tuple[Path, list[object]], pet_mtl: Callable
) -> None:
    out, call = done
    lost = out / "scores" / "seed_0_fold_1" / "clinical.csv"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.keras")}
    before |= {path: path.stat().st_mtime_ns for path in out.rglob("learned.csv")}
    content = lost.read_bytes()
    lost.unlink()
    said = pet_mtl(*call, "--samples", 50).stderr
    assert lost.read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "opponents: done" in said and "training" not in said
    other = pet_mtl(*call, "--set", "model.filters=[8,8]", code=2).stderr
    assert "ABLATE_OTHER_PLAN" in other


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_arm_on_shared_features_is_what_its_own_training_gives(
    done: tuple[Path, list[object]], dataset: Path, tmp_path: Path
) -> None:
    """`learned` with all four tasks, its first stage taken up from the segmenter's state."""
    out, _ = done
    base = load_train_config(None, SETTINGS)
    setting = Setting(Material(Source(dataset)), base, Folders(out))
    samples = tuple(row["sample_id"] for row in read_csv(dataset / "studies.csv"))
    shared = read_scores([setting.folders.scores("learned", 0, 0)], samples)
    config = arm_config(ARMS["learned"], base, 0, str(setting.segmenter_file(0, 0)))
    assert config.model.tasks == ("mask", "reconstruction", "survival", "response")
    alone = Setting(setting.material, from_dict(TrainConfig, {}), Folders(tmp_path))

    class Same(Setting):
        def arm(self, *_: object) -> TrainConfig:
            return config

    # The segmenter's state stays where it is; the scores go elsewhere.
    (tmp_path / "segmenters").symlink_to(out / "segmenters")
    told = Same(alone.material, base, Folders(tmp_path))
    train_network(told, Work("network", 0, 0, (ARMS["learned"],)), lambda _: None)
    own = read_scores([told.folders.scores("learned", 0, 0)], samples)
    for name, values in shared.items():
        np.testing.assert_allclose(own[name], values, atol=1e-4)
    assert np.isfinite(own["risk"]).sum() == 8
