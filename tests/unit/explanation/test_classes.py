"""Of several classes one is explained: by its log odds, and under its name."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from pet_mtl.errors import UsageError
from pet_mtl.explanation.explainer import Explainer, _class_number
from pet_mtl.explanation.files import _called, settings_of
from pet_mtl.explanation.member import _log_odds
from pet_mtl.explanation.settings import Settings

NAMES = ("CR", "SD", "PD")


def test_what_is_explained_is_the_logit_of_the_class_probability() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    each = special.softmax(logits.astype(np.float64), axis=1)
    for place in range(4):
        assert _log_odds(logits, place).numpy() == pytest.approx(
            special.logit(each[:, place]), abs=1e-5
        )
    assert (_log_odds(logits[:, :1], 1) == logits[:, 0]).all()


def test_a_class_is_asked_for_by_its_name() -> None:
    three = SimpleNamespace(response_classes=NAMES)
    assert (_class_number(three, "SD"), _class_number(three, "")) == (1, None)
    for names, asked in ((NAMES, "PR"), ((), "PR"), (("NR", "R"), "R")):
        with pytest.raises(UsageError, match="EXPLAIN_CLASS"):
            _class_number(SimpleNamespace(response_classes=names), asked)


def test_files_name_the_class_only_where_there_are_several() -> None:
    two = Explainer(None, (), (0.0, 12.0), Settings())
    three = Explainer(None, (), (0.0, 12.0), Settings(response_class="SD"), "SD")
    assert "response_class" not in settings_of(two)
    assert settings_of(three)["response_class"] == "SD"
    assert (_called("response", two), _called("response", three)) == ("response", "response SD")
    assert _called("survival", three) == "survival"
