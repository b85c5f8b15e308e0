"""Weight, height and sex: what SUV is normalised to.

Sources: [M] "Units = GML", "Units = CM2ML" and "Patient's weight", as in `pet_mtl.suv.rules`;
Sugawara et al. 1999, doi:10.1148/radiology.213.2.r99nv37521; Janmahasatian et al. 2005,
doi:10.2165/00003088-200544100-00004; Du Bois and Du Bois 1916,
doi:10.1001/archinte.1916.00080130010002.
"""

from collections.abc import Callable

from pet_mtl.errors import SuvError
from pet_mtl.study import Body
from pet_mtl.suv.attributes import SuvAttributes

WEIGHT_KG = (2.0, 500.0)
# The reference object of QIBA is 2.898 m tall.
HEIGHT_M = (0.3, 3.0)
BMI = (8.0, 90.0)
# Less or more is rare in patients: more often a weight in pounds or of someone else.
USUAL_BMI = (11.0, 60.0)
GRAMS_ABOVE = 1000.0
# Lean or ideal over body weight: beyond these a formula is used outside what it was made for, such
# as James's for the very obese, or ideal weight for small children.
_RATIO = (0.2, 3.0)

NORMALISATIONS = ("bw", "lbm", "lbm-janma", "bsa", "ibw")


def unit_of(normalisation: str) -> str:
    """The unit of SUV under a normalisation: g/ml, or cm2/ml for the body surface."""
    return "cm2/ml" if normalisation == "bsa" else "g/ml"


def weight_kg(attributes: SuvAttributes) -> tuple[float, tuple[str, ...]]:
    """The body weight.

    [M] "Patient's weight", recommendations: present and not 0; "if the value > 1000, divide by
    1000". A converted weight must be possible, and fit the height where there is one.

    Args:
        attributes: What the series says.

    Returns:
        Kilograms, and warnings.

    Raises:
        SuvError: SUV_WEIGHT.
    """
    weight = attributes.weight_kg
    warnings: tuple[str, ...] = ()
    grams = weight is not None and weight > GRAMS_ABOVE
    if weight is not None and grams:
        weight /= GRAMS_ABOVE
        warnings = ("SUV_WEIGHT_GRAMS: PatientWeight above 1000 was taken as grams",)
    height = attributes.height_m
    if (
        weight is None
        or not _within(weight, WEIGHT_KG)
        or (grams and not _fits(weight, height, BMI))
    ):
        raise _refused_weight(attributes.weight_kg)
    if not _fits(weight, height, USUAL_BMI):
        warnings += (
            "SUV_BODY: PatientWeight and PatientSize hardly belong to one body; check the weight",
        )
    return weight, warnings


def body_of(attributes: SuvAttributes) -> Body:
    """The patient's body as the header tells it, possible or not: `per_suvbw` judges it.

    Args:
        attributes: What the series says.

    Returns:
        Weight in kg (grams converted), height in m, sex.
    """
    try:
        weight: float | None = weight_kg(attributes)[0]
    except SuvError:
        weight = attributes.weight_kg
    return Body(weight, attributes.height_m, attributes.sex)


def per_suvbw(normalisation: str, body: Body) -> tuple[float, tuple[str, ...]]:
    """SUV under another normalisation over SUVbw.

    SUV = activity concentration * N / dose, with N the body weight in g for SUVbw, a lean or
    ideal weight in g, or the body surface in cm2; so the ratio is N over the weight in g.

    Args:
        normalisation: One of `NORMALISATIONS`, or "lbm-morgan".
        body: Weight, height and (except for bsa) sex.

    Returns:
        The ratio, and warnings.

    Raises:
        SuvError: SUV_WEIGHT, SUV_HEIGHT, SUV_SEX: missing or impossible; SUV_BODY: they do not
            belong to one body, or to one that the formula was made for.
    """
    if normalisation == "bw":
        return 1.0, ()
    weight, height = body.weight_kg, body.height_m
    if weight is None or not _within(weight, WEIGHT_KG):
        raise _refused_weight(weight)
    if height is None or not _within(height, HEIGHT_M):
        raise _refused_height(height)
    men, women = (formula(weight, 100.0 * height) for formula in _FORMULAS[normalisation])
    warnings: tuple[str, ...] = ()
    if men == women or body.sex == "M":
        value = men
    elif body.sex == "F":
        value = women
    else:
        value, warnings = _of_other(body.sex, men, women)
    ratio = value / weight
    if not _fits(weight, height, BMI) or not (normalisation == "bsa" or _within(ratio, _RATIO)):
        raise _refused_body()
    return ratio, warnings


def _of_other(sex: str, men: float, women: float) -> tuple[float, tuple[str, ...]]:
    """[M] "Units = GML": of PatientSex O, "the mean value of the sex-specific factors"."""
    if sex != "O":
        raise SuvError(
            "SUV_SEX",
            "the patient's sex is missing, which the lean or ideal weight depends on",
            expected="PatientSex (0010,0040) M, F or O",
            found="nothing of these",
            todo="Write it into the series, or normalise to body weight or body surface",
        )
    return (men + women) / 2, ("SUV_SEX_OTHER: PatientSex O: mean of the formulas for M and F",)


def _fits(weight: float | None, height: float | None, bmi: tuple[float, float]) -> bool:
    """Whether weight and height, if known, give a body mass index within limits."""
    if not weight or not height:
        return True
    square = height * height  # compared without dividing: a header may hold any number
    return bmi[0] * square <= weight <= bmi[1] * square


def _within(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]


def _lean(scale: float, square: float) -> Callable[[float, float], float]:
    """[M]: LBM = scale W - square (W / H)^2, kg and cm."""
    return lambda weight, height: scale * weight - square * (weight / height) ** 2


def _janmahasatian(offset: float, slope: float) -> Callable[[float, float], float]:
    """[M]: LBM = 9270 W / (offset + slope BMI)."""
    return lambda w, h: 9270.0 * w / (offset + slope * w / (h / 100.0) ** 2)


def _ideal(base: float, slope: float) -> Callable[[float, float], float]:
    """[M]: IBW = base + slope (H - 152)."""
    return lambda _, height: base + slope * (height - 152.0)


def _surface(weight: float, height: float) -> float:
    """[M] "Units = CM2ML", Du Bois; in units of 1000 cm2, as weights are in 1000 g."""
    return 10.0 * 0.007184 * height**0.725 * weight**0.425


# For men and for women; SUVType LBM is Morgan's, LBMJAMES128 is James's.
_FORMULAS = {
    "lbm-morgan": (_lean(1.10, 120.0), _lean(1.07, 148.0)),
    "lbm": (_lean(1.10, 128.0), _lean(1.07, 148.0)),
    "lbm-janma": (_janmahasatian(6680.0, 216.0), _janmahasatian(8780.0, 244.0)),
    "ibw": (_ideal(48.0, 1.06), _ideal(45.5, 0.91)),
    "bsa": (_surface, _surface),
}


def _refused_weight(found: float | None) -> SuvError:
    return SuvError(
        "SUV_WEIGHT",
        "the body weight is missing or cannot be in kg",
        expected=f"PatientWeight (0010,1030) of {WEIGHT_KG[0]:g} to {WEIGHT_KG[1]:g} kg",
        found="nothing" if found is None else f"{found:g}",
        todo="Write the weight in kg into the series",
    )


def _refused_height(found: float | None) -> SuvError:
    return SuvError(
        "SUV_HEIGHT",
        "the body height is missing or cannot be in m",
        expected=f"PatientSize (0010,1020) of {HEIGHT_M[0]:g} to {HEIGHT_M[1]:g} m",
        found="nothing" if found is None else f"{found:g}",
        todo="Write the height in m into the series, or normalise to body weight",
    )


def _refused_body() -> SuvError:
    return SuvError(
        "SUV_BODY",
        "weight and height do not belong to one body that the normalisation is made for",
        expected=f"a body mass index of {BMI[0]:g} to {BMI[1]:g}, and a result near the weight",
        todo="Check PatientWeight and PatientSize; normalise to body weight, or use lbm-janma",
    )
