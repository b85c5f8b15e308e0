import pytest

from pet_mtl.errors import ClinicalError, ConfigError
from pet_mtl.readers.clinical import ClinicalColumns


def refusal(read, text: str, *names, **columns) -> ClinicalError:
    with pytest.raises(ClinicalError) as caught:
        read(text, *names, **columns)
    assert caught.value.problem.todo
    return caught.value


@pytest.mark.parametrize(
    ("unit", "days"), [("days", 2.5), ("weeks", 17.5), ("months", 76.09375), ("years", 913.125)]
)
def test_time_units(read, unit: str, days: float) -> None:
    table = read("id,t\na,2.5\n", "id", "t", time_unit=unit)
    assert table.outcomes["a"].time_days == days
    table = read(f"id,t [{unit}]\na,2.5 {unit}\n", "id", "t", time_unit=unit)
    assert table.outcomes["a"].time_days == days


def test_a_header_with_another_unit_is_refused(read) -> None:
    error = refusal(read, "id,OS [months]\na,2\n", "id", "OS")
    assert error.code == "CLINICAL_TIME_UNIT"
    assert "--time-unit months" in error.problem.todo
    assert read("id,OS (mo)\na,2\n", "id", "OS", time_unit="months").outcomes["a"].time_days


def test_odd_units_of_time(read, codes) -> None:
    assert codes(read("id,OS_MONTHS\na,2\n", "id", "OS_MONTHS")) == ["CLINICAL_TIME_ODD"]
    assert not codes(read("id,OS_MONTHS\na,2\n", "id", "OS_MONTHS", time_unit="months"))
    assert not codes(read("id,months_or_days\na,2\n", "id", "months_or_days"))
    rows = "".join(f"p{i},{i}\n" for i in range(12))
    assert codes(read("id,t\n" + rows, "id", "t")) == ["CLINICAL_TIME_ODD"]
    assert not codes(read("id,t\n" + rows + "z,400\n", "id", "t"))


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("-1", "CLINICAL_VALUE"),
        ("2020-01-31", "CLINICAL_DATE"),
        ("31.01.2020", "CLINICAL_DATE"),
        ("20200131", "CLINICAL_VALUE"),  # a date without signs is 55000 years
        ("5 months", "CLINICAL_VALUE"),
        ("5 %", "CLINICAL_VALUE"),
        (">90", "CLINICAL_VALUE"),
    ],
)
def test_times_that_are_none(read, cell: str, code: str) -> None:
    error = refusal(read, f"id,t\na,1\nb,{cell}\n", "id", "t")
    assert error.code == code
    assert "'t', line 3" in str(error)
    assert cell not in str(error)


@pytest.mark.parametrize(
    ("no", "yes"),
    [
        ("0", "1"), ("0.0", "1.00"), ("FALSE", "TRUE"), ("no", "Yes"), ("alive", "dead"),
        ("Living", "Deceased"), ("0:LIVING", "1:DECEASED"), ("0 = censored", "1 = event"),
        ("censored", "event"), ("FALSCH", "WAHR"),
    ],
)  # fmt: skip
def test_events(read, no: str, yes: str) -> None:
    table = read(f"id,t,e\na,1,{no}\nb,2,{yes}\nc,3,NA\n", "id", "t", "e")
    assert [outcome.event for outcome in table.outcomes.values()] == [False, True, None]
    assert table.warnings[0].startswith("CLINICAL_HALF_SURVIVAL: 1 rows")


@pytest.mark.parametrize("cell", ["2", "1:", "2:DECEASED", "maybe", "D", "-1", "0,5"])
def test_events_that_are_none(read, cell: str) -> None:
    error = refusal(read, f'id,t,e\na,1,"{cell}"\n', "id", "t", "e")
    assert (error.code, "'e', line 2" in str(error)) == ("CLINICAL_VALUE", True)


def test_responses_by_the_values_that_are_positive(read) -> None:
    text = "id,r\na,CR\nb,pr\nc,SD\nd,PD\ne,NE\nf,\n"
    table = read(text, "id", None, None, "r", response_positive=("CR", "PR"))
    assert [outcome.response for outcome in table.outcomes.values()] == [1, 1, 0, 0, None, None]
    assert "2 rows are class 1; 2 rows with 2 other values are class 0" in table.warnings[0]


def test_responses_of_texts_are_not_guessed(read) -> None:
    text = "id,r\na,CR\nb,SD\nc,SD\n"
    error = refusal(read, text, "id", None, None, "r")
    assert "'r', line 2" in str(error)
    assert "2 different values" in error.problem.todo
    assert "--response-positive" in error.problem.todo
    error = refusal(read, text, "id", None, None, "r", response_positive=("PR", "RP"))
    assert error.code == "CLINICAL_POSITIVE"
    assert "'PR' or 'RP'" in error.problem.what


def test_positive_values_that_are_absent_are_told(read, codes) -> None:
    """A cohort without partial response is no error; one without any positive value is."""
    text = "id,r\na,CR\nb,SD\nc,SD\n"
    table = read(text, "id", None, None, "r", response_positive=("CR", "PR"))
    assert [outcome.response for outcome in table.outcomes.values()] == [1, 0, 0]
    assert codes(table) == ["CLINICAL_POSITIVE_ABSENT", "CLINICAL_RESPONSE_CLASSES"]
    assert "'PR'" in table.warnings[0]


def test_options_that_make_no_sense() -> None:
    for wrong in ({"time_unit": "moons"}, {"decimal": "dot"}, {"response_positive": ("a",)}):
        with pytest.raises(ConfigError, match="CLINICAL_OPTION"):
            ClinicalColumns("id", **wrong)  # type: ignore[arg-type]


CLASSES = ("CR", "PR", "SD", "PD")


def classes_of(table) -> list[int | None]:
    return [outcome.response for outcome in table.outcomes.values()]


def test_classes_are_numbered_in_the_order_they_are_named(read, codes) -> None:
    text = "id,r\na,PD\nb,cr\nc, Pr \nd,NE\ne,\nf,SD\n"
    table = read(text, "id", None, None, "r", response_classes=CLASSES)
    assert classes_of(table) == [3, 0, 1, None, None, 2]
    assert codes(table) == ["CLINICAL_RESPONSE_CLASSES"]
    assert "0 is CR (1 rows), 1 is PR (1 rows)" in table.warnings[0]
    back = read(text, "id", None, None, "r", response_classes=CLASSES[::-1])
    assert classes_of(back) == [0, 3, 2, None, None, 1]


def test_numbers_are_classes_as_they_are_named(read) -> None:
    text = "id,r\na,2\nb,0.0\nc,1\n"
    assert classes_of(read(text, "id", None, None, "r", response_classes=("0", "1", "2"))) == [
        2, 0, 1,
    ]  # fmt: skip
    error = refusal(read, text, "id", None, None, "r")
    assert error.code == "CLINICAL_VALUE" and "--response-classes" in error.problem.todo
    # Names alone do not say which number is which of them.
    assert refusal(read, text, "id", None, None, "r", response_classes=CLASSES[:3])


def test_a_value_that_is_no_class_is_refused_by_its_line(read, codes) -> None:
    text = "id,r\na,CR\nb,mixed\n"
    error = refusal(read, text, "id", None, None, "r", response_classes=CLASSES)
    assert "'r', line 3" in str(error) and "mixed" not in str(error)
    assert "CR, PR, SD, PD" in error.problem.expected
    table = read("id,r\na,CR\nb,SD\n", "id", None, None, "r", response_classes=CLASSES)
    assert codes(table).count("CLINICAL_CLASS_ABSENT") == 2
    text = "id,r\na,NE\nb,\n"
    error = refusal(read, text, "id", None, None, "r", response_classes=CLASSES)
    assert error.code == "CLINICAL_CLASSES"


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_classes": CLASSES},
        {"response": "r", "response_classes": ("CR",)},
        {"response": "r", "response_classes": ("CR", "cr", "PD")},
        {"response": "r", "response_classes": ("1", "1.0", "2")},
        {"response": "r", "response_classes": tuple("abcdefghi")},
        {"response": "r", "response_classes": CLASSES, "response_positive": ("CR",)},
    ],
)
def test_classes_that_make_no_sense(wrong) -> None:
    with pytest.raises(ConfigError, match="CLINICAL_OPTION"):
        ClinicalColumns("id", **wrong)
