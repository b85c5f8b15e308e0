"""Kaplan-Meier and ROC curves."""

from typing import Any

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from pet_mtl.metrics import roc_auc, roc_curve
from pet_mtl.report.contents import Bools, Floats, Response, Survival
from pet_mtl.report.figures.style import BLACK, BLUE, GREY, VERMILLION

_MOST_INTERVALS = 5
_ROC_LOOK: dict[str, tuple[str, Any, float]] = {
    "model": (BLUE, "-", 2.2),
    "oracle": (BLACK, (0, (1, 1.2)), 1.6),
    "baseline": (GREY, (0, (5, 2)), 1.3),
}


def kaplan_meier(figure: FigureBase, content: Survival) -> None:
    """Survival of the patients above and below the median risk, with numbers at risk."""
    axes = figure.subplots()
    high = content.high
    groups = ((high, "higher risk", VERMILLION, "-"), (~high, "lower risk", BLUE, (0, (5, 1.5))))
    ticks = day_ticks(float(content.time_days.max()))
    for line, (rows, label, colour, style) in enumerate(groups):
        if rows.any():
            _curve(axes, content, rows, (f"{label}, n = {rows.sum()}", colour, style))
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
    axes.legend(loc="upper right", fontsize=8.5, borderaxespad=0.2)
    axes.set_title(logrank_said(content), fontsize=8.5, loc="right", color=GREY)


def roc(figure: FigureBase, content: Response) -> None:
    """ROC curves of the model and what stands beside it."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#CCCCCC", linewidth=0.9)
    for (label, role), score in content.scores.items():
        known = np.isfinite(score)
        false_rate, true_rate = roc_curve(content.label[known], score[known])
        colour, style, width = _ROC_LOOK[role]
        axes.plot(
            false_rate, true_rate, color=colour, linewidth=width, linestyle=style,
            label=f"{label}, AUC {roc_auc(content.label[known], score[known]):.2f}",
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel("sensitivity")
    axes.legend(loc="lower right", fontsize=8)


def logrank_said(content: Survival) -> str:
    """The log-rank test between the two groups, in words; "" where one is empty."""
    high = content.high
    if high.all() or not high.any():
        return ""
    time, event = content.time_days, content.event
    p_value = float(logrank_test(time[high], time[~high], event[high], event[~high]).p_value)
    return "log-rank p < 0.001" if p_value < 0.001 else f"log-rank p = {p_value:.3f}"


def day_ticks(last_day: float) -> list[float]:
    """Four to six round ticks that cover the follow-up."""
    step = next(
        (s for s in (1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2000, 5000)
         if last_day / s <= _MOST_INTERVALS),
        10_000,
    )  # fmt: skip
    return [float(step * i) for i in range(int(np.ceil(last_day / step)) + 1)]


def _curve(axes: Axes, content: Survival, rows: Bools, look: tuple[str, str, Any]) -> None:
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
