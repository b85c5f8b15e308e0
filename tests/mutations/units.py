"""SUV of every normalisation, and counts with Philips' factors: whole, and with a part missing."""

from collections.abc import Callable

import numpy as np
from pydicom.dataset import Dataset

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import Break, both, drop, put, rewrite, scan, suv_of

HEIGHT_CM = 172.0


def _men_women(men: float, women: float, sex: str) -> float:
    return {"M": men, "F": women, "O": (men + women) / 2}[sex]


def _morgan(weight: float, sex: str) -> float:
    ratio = (weight / HEIGHT_CM) ** 2
    return _men_women(1.10 * weight - 120 * ratio, 1.07 * weight - 148 * ratio, sex)


def _james(weight: float, sex: str) -> float:
    ratio = (weight / HEIGHT_CM) ** 2
    return _men_women(1.10 * weight - 128 * ratio, 1.07 * weight - 148 * ratio, sex)


def _janma(weight: float, sex: str) -> float:
    index = weight / (HEIGHT_CM / 100) ** 2
    return _men_women(
        9270 * weight / (6680 + 216 * index), 9270 * weight / (8780 + 244 * index), sex
    )


def _ideal(weight: float, sex: str) -> float:
    over = HEIGHT_CM - 152
    return _men_women(48.0 + 1.06 * over, 45.5 + 0.91 * over, sex)


def _surface(weight: float, sex: str) -> float:
    """Du Bois, in units that make SUVbsa in cm2/ml: 10 times m2."""
    return 10 * 0.007184 * float(np.power(HEIGHT_CM, 0.725)) * float(np.power(weight, 0.425))


def _normalised(kind: str, size: Callable[[float, str], float], sex: str = "M") -> Break:
    """Values as SUV by something else than weight: SUVbw times that over the weight."""
    ratio = size(scan().weight_kg, sex) / scan().weight_kg
    units = "CM2ML" if kind == "BSA" else "GML"

    def change(dataset: Dataset, number: int) -> None:
        rewrite(dataset, suv_of(dataset) * ratio)
        dataset.Units, dataset.SUVType, dataset.PatientSex = units, kind, sex

    return lambda study: study.each(change)


def _types() -> list[M]:
    james = _normalised("LBMJAMES128", _james)
    return [
        M("suv-lbm-morgan", "values by lean body mass (LBM), male", _normalised("LBM", _morgan),
          right()),
        M("suv-lbm-james", "values by lean body mass (LBMJAMES128), male", james, right()),
        M("suv-lbm-female", "the same, female", _normalised("LBMJAMES128", _james, "F"), right()),
        M("suv-lbm-janma", "values by lean body mass (LBMJANMA), female",
          _normalised("LBMJANMA", _janma, "F"), right()),
        M("suv-ibw", "values by ideal body weight", _normalised("IBW", _ideal), right()),
        M("suv-bsa", "values by body surface (CM2ML)", _normalised("BSA", _surface), right()),
        M("suv-sex-other", "values by lean body mass, PatientSex O",
          _normalised("LBMJAMES128", _james, "O"), warned("SUV_SEX_OTHER")),
        M("suv-sex-removed", "values by lean body mass, PatientSex removed",
          both(james, drop("PatientSex")), refused("SUV_SEX")),
        M("suv-sex-empty", "values by lean body mass, PatientSex empty",
          both(james, put(PatientSex="")), refused("SUV_SEX")),
        M("suv-height-removed", "values by lean body mass, PatientSize removed",
          both(james, drop("PatientSize")), refused("SUV_HEIGHT")),
        M("suv-height-zero", "values by lean body mass, PatientSize 0",
          both(james, put(PatientSize="0")), refused("SUV_HEIGHT")),
        M("suv-height-cm", "values by lean body mass, PatientSize in cm",
          both(james, put(PatientSize="172")), refused("SUV_HEIGHT")),
        M("suv-weight-removed", "values by lean body mass, PatientWeight removed",
          both(james, drop("PatientWeight")), refused("SUV_WEIGHT")),
        M("suv-bsa-height-removed", "values by body surface, PatientSize removed",
          both(_normalised("BSA", _surface), drop("PatientSize")), refused("SUV_HEIGHT")),
    ]  # fmt: skip


def philips(creator: bool = True, **factors: float) -> Break:
    """Counts, with Philips' private factors (7053,1000) `suv` and (7053,1009) `activity`."""
    numbers = {"suv": 0x1000, "activity": 0x1009}

    def change(dataset: Dataset, number: int) -> None:
        rewrite(dataset, suv_of(dataset) / 1e-3)
        dataset.Units = "CNTS"
        if creator:
            dataset.add_new(0x70530010, "LO", "Philips PET Private Group")
        for name, value in factors.items():
            dataset.add_new((0x7053 << 16) + numbers[name], "DS", f"{value:.10g}")

    return lambda study: study.each(change)


def _counts() -> list[M]:
    activity = 1e-3 / scan().suv_per_bqml
    return [
        M("counts-suv", "counts with Philips' SUV factor", philips(suv=1e-3), right()),
        M("counts-activity", "counts with Philips' activity factor", philips(activity=activity),
          right()),
        M("counts-both", "counts with both factors", philips(suv=1e-3, activity=activity), right()),
        M("counts-contradict", "counts, the activity factor contradicts the SUV factor",
          philips(suv=1e-3, activity=2 * activity), warned("SUV_SCALE_FACTORS")),
        M("counts-suv-zero", "counts, the SUV factor 0, the activity factor given",
          philips(suv=0.0, activity=activity), right()),
        M("counts-zero", "counts, both factors 0", philips(suv=0.0, activity=0.0),
          refused("SUV_UNITS")),
        M("counts-negative", "counts, a negative SUV factor", philips(suv=-1e-3),
          refused("SUV_UNITS")),
        M("counts-no-creator", "counts with Philips' SUV factor, its private creator removed",
          philips(creator=False, suv=1e-3), right()),
    ]  # fmt: skip


def mutations() -> list[M]:
    return [*_types(), *_counts()]
