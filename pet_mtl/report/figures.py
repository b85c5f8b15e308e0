"""The figures of the report, as SVG drawn by matplotlib without a display.

Colours are Okabe and Ito's, which every common kind of colour vision tells apart; whatever
colour says, shape, line style or a label says too.
"""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pet_mtl.metrics import roc_auc, roc_curve
from pet_mtl.report.page import Comparison, Floats, Response, Survival

BLUE, VERMILLION, GREY, BLACK = "#0072B2", "#D55E00", "#6B6B6B", "#1A1A1A"

_ROLE_COLOUR = {"model": BLUE, "oracle": BLACK, "baseline": GREY}
_ROLE_MARKER = {"model": "o", "oracle": "D", "baseline": "s"}
_WIDTH_IN = 4.4
_MOST_INTERVALS = 5
_RIGHT_HALF = 0.5

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": BLACK,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    # The same numbers give the same bytes.
    "svg.hashsalt": "pet-mtl",
    "svg.fonttype": "path",
}


def comparison(content: Comparison) -> str:
    """Dots with whiskers, one row a score.

    Returns:
        A data URI of an SVG.
    """
    rows = len(content.dots)
    with _drawing(0.95 + 0.36 * rows) as (figure, axes):
        for row, dot in enumerate(content.dots):
            colour = _ROLE_COLOUR[dot.role]
            low, high = dot.interval.low, dot.interval.high
            if not dot.too_few:
                axes.plot([low, high], [row, row], color=colour, linewidth=1.6, zorder=2)
            axes.plot(
                dot.interval.value, row, _ROLE_MARKER[dot.role], color=colour,
                markersize=7 if dot.role == "model" else 5.5, zorder=3,
            )  # fmt: skip
            axes.annotate(
                f"{dot.interval.value:.2f}", (1.0, row), xycoords=("axes fraction", "data"),
                xytext=(6, 0), textcoords="offset points", va="center", color=colour,
                fontweight="bold" if dot.role == "model" else "normal",
            )  # fmt: skip
        axes.axvline(content.chance, color="#AAAAAA", linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            "chance", (content.chance, 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", ha="center", color=GREY, fontsize=8,
        )  # fmt: skip
        axes.set_yticks(range(rows), [dot.label for dot in content.dots])
        axes.set_ylim(rows - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color="#EEEEEE", linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
        axes.set_xlim(*_limits(content))
        axes.set_xlabel(content.axis)
        return _uri(figure)


def kaplan_meier(content: Survival) -> str:
    """Survival of the patients above and below the median risk, with numbers at risk.

    Returns:
        A data URI of an SVG.
    """
    high = content.risk > np.median(content.risk)
    groups = ((high, "higher risk", VERMILLION, "-"), (~high, "lower risk", BLUE, (0, (5, 1.5))))
    ticks = _day_ticks(float(content.time_days.max()))
    with _drawing(3.6) as (figure, axes):
        for line, (rows, label, colour, style) in enumerate(groups):
            if not rows.any():
                continue
            _curve(axes, content, rows, (label, colour, style))
            _at_risk(axes, content.time_days[rows], ticks, (line, label, colour))
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, ticks[-1])
        axes.set_xticks(ticks)
        axes.set_xlabel("time (days)")
        axes.set_ylabel("survival probability")
        axes.annotate(
            "at risk", (0, 0), xycoords="axes fraction", xytext=(-20, -46),
            textcoords="offset points", ha="right", color=GREY, fontsize=8,
        )  # fmt: skip
        axes.legend(loc="lower left", fontsize=8.5, borderaxespad=0.2)
        axes.set_title(_logrank(content, high), fontsize=8.5, loc="right", color=GREY)
        return _uri(figure)


def roc(content: Response) -> str:
    """ROC curves of the model and what stands beside it.

    Returns:
        A data URI of an SVG.
    """
    styles = {"model": ("-", 2.2), "oracle": ((0, (1, 1.2)), 1.6), "baseline": ((0, (5, 2)), 1.3)}
    with _drawing(3.9) as (figure, axes):
        axes.plot([0, 1], [0, 1], color="#CCCCCC", linewidth=0.9)
        for (label, role), score in content.scores.items():
            known = np.isfinite(score)
            false_rate, true_rate = roc_curve(content.label[known], score[known])
            style, width = styles[role]
            axes.plot(
                false_rate, true_rate, color=_ROLE_COLOUR[role], linewidth=width, linestyle=style,
                label=f"{label}, AUC {roc_auc(content.label[known], score[known]):.2f}",
            )  # fmt: skip
        axes.set_aspect("equal")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        axes.set_xlabel("1 - specificity")
        axes.set_ylabel("sensitivity")
        axes.legend(loc="lower right", fontsize=8)
        return _uri(figure)


def dice_histogram(values: Floats) -> str:
    """Distribution of Dice over patients, with its mean.

    Returns:
        A data URI of an SVG.
    """
    with _drawing(2.6) as (figure, axes):
        axes.hist(
            values, bins=[i / 20 for i in range(21)], color=BLUE, edgecolor="white", linewidth=0.8
        )
        mean = float(values.mean())
        axes.axvline(mean, color=BLACK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate(
            f"mean {mean:.2f}", (mean, 1.0), xycoords=("data", "axes fraction"),
            xytext=(-5 if mean > _RIGHT_HALF else 5, -2), textcoords="offset points",
            ha="right" if mean > _RIGHT_HALF else "left", va="top",
        )  # fmt: skip
        axes.set_xlim(0, 1)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("Dice (1 = the masks are equal)")
        axes.set_ylabel("patients")
        return _uri(figure)


@contextmanager
def _drawing(height_in: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of the report's width in its style, without pyplot's global state."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        yield figure, figure.subplots()


def _uri(figure: Figure) -> str:
    """The figure as a data URI: isolated, so that two figures' ids never meet."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _limits(content: Comparison) -> tuple[float, float]:
    """Room for every whisker, chance included, in steps of 0.05."""
    ends = [end for dot in content.dots for end in (dot.interval.low, dot.interval.high)]
    low = np.floor((min(*ends, content.chance) - 0.02) * 20) / 20
    high = np.ceil((max(*ends, content.chance) + 0.01) * 20) / 20
    return float(max(low, 0.0)), float(min(high, 1.0))


def _curve(
    axes: Axes, content: Survival, rows: np.ndarray[Any, Any], look: tuple[str, str, Any]
) -> None:
    """One Kaplan-Meier curve with its 95 % band and ticks where patients are censored."""
    label, colour, style = look
    fitter = KaplanMeierFitter().fit(content.time_days[rows], content.event[rows])
    times = fitter.survival_function_.index.to_numpy()
    curve = fitter.survival_function_.to_numpy()[:, 0]
    band = fitter.confidence_interval_.to_numpy()
    axes.fill_between(times, band[:, 0], band[:, 1], step="post", color=colour, alpha=0.13, lw=0)
    axes.step(times, curve, where="post", color=colour, linestyle=style, lw=1.8, label=label)
    censored = np.unique(content.time_days[rows & (content.event == 0)])
    axes.plot(
        censored, fitter.predict(censored) if len(censored) else [], "|", color=colour,
        markersize=5, markeredgewidth=0.8,
    )  # fmt: skip


def _at_risk(axes: Axes, time_days: Floats, ticks: list[float], look: tuple[int, str, str]) -> None:
    """One line of numbers at risk below the axis."""
    line, label, colour = look
    down = -58 - 12 * line
    axes.annotate(
        label.split()[0], (0, 0), xycoords="axes fraction", xytext=(-20, down),
        textcoords="offset points", ha="right", color=colour, fontsize=8,
    )  # fmt: skip
    for tick in ticks:
        axes.annotate(
            str(int(np.count_nonzero(time_days >= tick))), (tick, 0),
            xycoords=("data", "axes fraction"), xytext=(0, down), textcoords="offset points",
            ha="center", color=colour, fontsize=8,
        )  # fmt: skip


def _day_ticks(last_day: float) -> list[float]:
    """Four to six round ticks that cover the follow-up."""
    step = next(
        (s for s in (1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2000, 5000)
         if last_day / s <= _MOST_INTERVALS),
        10_000,
    )  # fmt: skip
    return [float(step * i) for i in range(int(np.ceil(last_day / step)) + 1)]


def _logrank(content: Survival, high: np.ndarray[Any, Any]) -> str:
    """The log-rank test between the two halves."""
    if high.all() or not high.any():
        return ""
    time, event = content.time_days, content.event
    p_value = float(logrank_test(time[high], time[~high], event[high], event[~high]).p_value)
    return "log-rank p < 0.001" if p_value < 0.001 else f"log-rank p = {p_value:.3f}"
