"""What people and exports do to the attributes that decide SUV."""

from pydicom.dataset import Dataset

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import Break, both, drop, put, put_drug, put_one, raw, rewrite, scan, suv_of


def _weights() -> list[M]:
    weight = scan().weight_kg
    return [
        M("weight-removed", "PatientWeight removed", drop("PatientWeight"), refused("SUV_WEIGHT")),
        M("weight-empty", "PatientWeight empty", put(PatientWeight=None), refused("SUV_WEIGHT")),
        M("weight-zero", "PatientWeight 0", put(PatientWeight="0"), refused("SUV_WEIGHT")),
        M("weight-negative", "PatientWeight -70", put(PatientWeight="-70"), refused("SUV_WEIGHT")),
        M(
            "weight-in-grams",
            "PatientWeight in grams",
            put(PatientWeight=f"{weight * 1000:.0f}"),
            warned("SUV_WEIGHT_GRAMS"),
        ),
        M(
            "weight-garbage",
            "PatientWeight holds letters",
            raw("00101030", "DS", b"hvy"),
            refused("SUV_WEIGHT"),
        ),
        M(
            "weight-height-swapped",
            "PatientWeight and PatientSize swapped",
            put(PatientWeight="1.72", PatientSize=f"{weight}"),
            refused("SUV_WEIGHT"),
        ),
        M(
            "weight-differs",
            "one slice has another PatientWeight",
            put_one(PatientWeight="50"),
            refused("SUV_INCONSISTENT"),
        ),
        M("height-in-cm", "PatientSize in cm", put(PatientSize="172"), warned("SUV_BODY")),
        M("sex-removed", "PatientSex removed, values in Bq/ml", drop("PatientSex"), right()),
    ]


def _doses() -> list[M]:
    dose = scan().dose_bq
    return [
        M(
            "dose-removed",
            "RadionuclideTotalDose removed",
            put_drug(RadionuclideTotalDose=None),
            refused("SUV_DOSE"),
        ),
        M("dose-zero", "dose 0", put_drug(RadionuclideTotalDose="0"), refused("SUV_DOSE")),
        M(
            "dose-in-mbq",
            "dose in MBq",
            put_drug(RadionuclideTotalDose=f"{dose / 1e6:.6f}"),
            refused("SUV_DOSE"),
        ),
        M(
            "dose-in-kbq",
            "dose in kBq",
            put_drug(RadionuclideTotalDose=f"{dose / 1e3:.3f}"),
            refused("SUV_DOSE"),
        ),
        M("dose-nan", "dose NaN", put_drug(RadionuclideTotalDose="nan"), refused("SUV_DOSE")),
        M(
            "dose-negative",
            "dose negative",
            put_drug(RadionuclideTotalDose=f"-{dose}"),
            refused("SUV_DOSE"),
        ),
        M(
            "isotope-removed",
            "RadiopharmaceuticalInformationSequence removed",
            drop("RadiopharmaceuticalInformationSequence"),
            refused("SUV_DOSE"),
        ),
        M("two-tracers", "two radiopharmaceuticals", _two_tracers, refused("SUV_DOSE")),
        M(
            "half-life-removed",
            "RadionuclideHalfLife removed, the nuclide is named",
            put_drug(RadionuclideHalfLife=None),
            warned("SUV_HALF_LIFE_MISSING"),
        ),
        M(
            "half-life-unnamed",
            "RadionuclideHalfLife removed, and all that names tracer and nuclide",
            put_drug(
                RadionuclideHalfLife=None,
                RadionuclideCodeSequence=None,
                Radiopharmaceutical=None,
                RadiopharmaceuticalCodeSequence=None,
            ),
            refused("SUV_HALF_LIFE"),
        ),
        M(
            "half-life-minutes",
            "RadionuclideHalfLife in minutes",
            put_drug(RadionuclideHalfLife="109.77"),
            refused("SUV_HALF_LIFE"),
        ),
        M(
            "half-life-of-other",
            "RadionuclideHalfLife of Ga-68, the code says F-18",
            put_drug(RadionuclideHalfLife="4057.74"),
            refused("SUV_HALF_LIFE"),
        ),
    ]


def _two_tracers(study: object) -> None:
    def change(dataset: Dataset, number: int) -> None:
        dataset.RadiopharmaceuticalInformationSequence = [
            dataset.RadiopharmaceuticalInformationSequence[0]
        ] * 2

    study.each(change)


def _units() -> list[M]:
    return [
        M("units-empty", "Units empty", put(Units=""), refused("SUV_UNITS")),
        M("units-propcps", "Units PROPCPS", put(Units="PROPCPS"), refused("SUV_UNITS")),
        M("units-procnts", "Units PROPCNTS", put(Units="PROPCNTS"), refused("SUV_UNITS")),
        M("units-umap", "Units 1CM (attenuation map)", put(Units="1CM"), refused("SUV_UNITS")),
        M("units-garbage", "Units hold another text", put(Units="KBQ"), refused("SUV_UNITS")),
        M(
            "units-differ",
            "one slice says GML, the others BQML",
            put_one(Units="GML"),
            refused("SUV_INCONSISTENT"),
        ),
        M("units-gml", "Units GML, values in Bq/ml", put(Units="GML"), refused("SUV_RANGE")),
        M("units-bqml", "Units BQML, values in SUV", stored(1.0), refused("SUV_RANGE")),
        M(
            "suv-bw",
            "values stored as SUVbw (GML, BW)",
            both(stored(1.0), put(Units="GML", SUVType="BW")),
            right(),
        ),
        M(
            "suv-no-type",
            "values stored as SUVbw (GML, no SUVType), dose and times removed",
            both(
                stored(1.0),
                put(Units="GML"),
                drop("RadiopharmaceuticalInformationSequence", "AcquisitionTime", "SeriesTime"),
            ),
            right(),
        ),
        M(
            "suv-unknown-type",
            "GML with an unknown SUVType",
            both(stored(1.0), put(Units="GML", SUVType="FANCY")),
            refused("SUV_TYPE"),
        ),
        M(
            "counts-alone",
            "Units CNTS without Philips factors",
            put(Units="CNTS"),
            refused("SUV_UNITS"),
        ),
    ]


def stored(per_suv: float) -> Break:
    """Stores SUVbw times a number instead of Bq/ml."""
    return lambda study: study.each(lambda d, n: rewrite(d, suv_of(d) * per_suv))


def _corrections() -> list[M]:
    return [
        M(
            "not-attenuated",
            "ATTN not in CorrectedImage",
            put(CorrectedImage=["DECY", "SCAT"]),
            refused("SUV_ATTENUATION"),
        ),
        M(
            "attenuation-denied",
            "ATTN in CorrectedImage, but AttenuationCorrectionMethod NONE",
            put(AttenuationCorrectionMethod="NONE"),
            refused("SUV_ATTENUATION"),
        ),
        M(
            "corrections-removed",
            "CorrectedImage removed",
            drop("CorrectedImage"),
            refused("SUV_ATTENUATION"),
        ),
        M(
            "decay-removed",
            "DecayCorrection removed",
            drop("DecayCorrection"),
            refused("SUV_DECAY"),
        ),
        M(
            "decay-garbage",
            "DecayCorrection of another value",
            put(DecayCorrection="YES"),
            refused("SUV_DECAY"),
        ),
        M(
            "decay-not-listed",
            "DecayCorrection START, but DECY not in CorrectedImage",
            put(CorrectedImage=["ATTN"]),
            refused("SUV_DECAY"),
        ),
        M(
            "decay-none-claimed",
            "DecayCorrection NONE, but DECY in CorrectedImage",
            put(DecayCorrection="NONE"),
            refused("SUV_DECAY"),
        ),
        M(
            "decay-factor",
            "DecayFactor contradicts the times",
            put(DecayFactor="1.5"),
            warned("SUV_DECAY_FACTOR"),
        ),
    ]


def _slopes() -> list[M]:
    return [
        M("slope-removed", "RescaleSlope removed", drop("RescaleSlope"), refused("SUV_SLOPE")),
        M("slope-nan", "one RescaleSlope NaN", put_one(RescaleSlope="nan"), refused("SUV_SLOPE")),
        M("slope-inf", "one RescaleSlope inf", put_one(RescaleSlope="inf"), refused("SUV_SLOPE")),
        M("slope-zero", "one RescaleSlope 0", put_one(RescaleSlope="0"), refused("SUV_SLOPE")),
        M("slope-negative", "RescaleSlope -1", put(RescaleSlope="-1"), refused("SUV_SLOPE")),
        M("slope-two", "two values of RescaleSlope", put(RescaleSlope=["1", "2"]),
          refused("SUV_SLOPE")),
        M("intercept", "RescaleIntercept -1024", put(RescaleIntercept="-1024"),
          refused("SUV_INTERCEPT")),
        M("intercept-one", "one RescaleIntercept 5", put_one(RescaleIntercept="5"),
          refused("SUV_INTERCEPT")),
        M("intercept-removed", "RescaleIntercept removed", drop("RescaleIntercept"), right()),
        M("intercept-garbage", "RescaleIntercept holds a letter", raw("00281052", "DS", b"x"),
          refused("SUV_INTERCEPT")),
        M("real-world", "slope only in a Real World Value Mapping to Bq/ml",
          both(real_world("Bq/ml"), drop("RescaleSlope")), right()),
        M("real-world-no-units", "slope and unit only in a Real World Value Mapping to Bq/ml",
          both(real_world("Bq/ml"), drop("RescaleSlope", "Units")), right()),
        M("real-world-suv", "the only slope maps to SUV, Units say BQML",
          both(real_world("g/ml{SUVbw}"), drop("RescaleSlope")), refused("SUV_SLOPE")),
        M("real-world-other", "a Real World Value Mapping to Bq/ml contradicts RescaleSlope",
          real_world("Bq/ml", 1.1), refused("SUV_SLOPE")),
        M("real-world-twice", "two different mappings to Bq/ml, no slope",
          both(real_world("Bq/ml", 1.1, 1.0), drop("RescaleSlope")), refused("SUV_SLOPE")),
    ]  # fmt: skip


def real_world(code: str, *factors: float) -> Break:
    """Adds Real World Value Mappings of the image's slope times each factor."""

    def change(dataset: Dataset, number: int) -> None:
        items = []
        for factor in factors or (1.0,):
            item, unit = Dataset(), Dataset()
            unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = code, "UCUM", "unit"
            item.MeasurementUnitsCodeSequence = [unit]
            item.RealWorldValueSlope = float(dataset.RescaleSlope) * factor
            item.RealWorldValueIntercept = 0.0
            item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 32767
            items.append(item)
        dataset.RealWorldValueMappingSequence = items

    return lambda study: study.each(change)


def mutations() -> list[M]:
    return [*_weights(), *_doses(), *_units(), *_corrections(), *_slopes()]
