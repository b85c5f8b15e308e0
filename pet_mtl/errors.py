"""Every error that pet-mtl raises on purpose.

    PetMtlError
    ├── UsageError            the command or its configuration is wrong      exit code 2
    │   └── ConfigError       an unknown key, a value out of range
    ├── StudyError            one study cannot be used; a batch goes on without it
    │   ├── ReadError         a file or series cannot be read
    │   ├── SuvError          SUV cannot be computed without guessing
    │   ├── MaskError         a mask does not fit its study
    │   └── GeometryError     a volume whose axes or spacing make no sense
    ├── ClinicalError         the clinical table cannot be used              exit code 2
    ├── DatasetError          a dataset directory is damaged or does not fit
    ├── ModelError            a run, a model or a bundle is damaged or does not fit
    └── MetricError           a metric is undefined on these patients

A message says which study or file, what was expected, what was found and what to do.
"""

import re
from dataclasses import dataclass

_CODE = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Problem:
    """What went wrong, in the parts that `rejected.csv` lists.

    Attributes:
        code: Stable, upper-case code such as `SUV_UNITS`; documented in docs/errors.md.
        what: One sentence: what is wrong.
        expected: What would have been right.
        found: What was met instead. Never a name, an identifier or free text of the source.
        todo: What the user can do about it.
    """

    code: str
    what: str
    expected: str = ""
    found: str = ""
    todo: str = ""

    def sentence(self) -> str:
        """All parts in one line, for a person to read."""
        parts = [self.what.rstrip(".")]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.found:
            parts.append(f"found {self.found}")
        text = "; ".join(parts) + "."
        if not self.todo:
            return text
        return f"{text} {self.todo}{'' if self.todo.endswith(('?', '.')) else '.'}"


class PetMtlError(Exception):
    """Base of all deliberate errors.

    Args:
        code: Stable, upper-case code.
        what: What is wrong.
        expected: What would have been right.
        found: What was met instead.
        todo: What the user can do.
        subject: The study, file or key it is about; shown first.
    """

    exit_code = 1

    def __init__(  # noqa: PLR0913 - keyword-only parts of one message
        self,
        code: str,
        what: str,
        *,
        expected: str = "",
        found: str = "",
        todo: str = "",
        subject: str = "",
    ) -> None:
        self.problem = Problem(code, what, expected, found, todo)
        self.subject = subject
        super().__init__(str(self))

    @property
    def code(self) -> str:
        """The stable code."""
        return self.problem.code

    def about(self, subject: str) -> "PetMtlError":
        """The same error, naming its study or file unless it already does."""
        if not self.subject:
            self.subject = subject
        return self

    def __str__(self) -> str:
        head = f"{self.subject}: " if self.subject else ""
        return f"{head}{self.problem.sentence()} [{self.problem.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders in `convert`; keyword-only arguments need help there.
        return _rebuild, (type(self), self.problem, self.subject)


def _rebuild(kind: type[PetMtlError], problem: Problem, subject: str) -> PetMtlError:
    """Makes an error anew from its parts (for pickle between our own worker processes)."""
    return kind(
        problem.code,
        problem.what,
        expected=problem.expected,
        found=problem.found,
        todo=problem.todo,
        subject=subject,
    )


class UsageError(PetMtlError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key or value is wrong."""


class StudyError(PetMtlError):
    """One study cannot be used; a batch goes on without it."""


class ReadError(StudyError):
    """A file or a series cannot be read."""


class SuvError(StudyError):
    """SUV cannot be computed without guessing."""


class MaskError(StudyError):
    """A mask does not fit its study."""


class GeometryError(StudyError):
    """A volume whose axes, spacing or slices make no sense."""


class ClinicalError(PetMtlError):
    """The clinical table cannot be used."""

    exit_code = 2


class DatasetError(PetMtlError):
    """A dataset directory is missing, damaged or does not fit."""


class ModelError(PetMtlError):
    """A run, a model or a bundle is missing, damaged or does not fit."""


class MetricError(PetMtlError):
    """A metric is undefined on these patients, or its inputs do not fit together."""


def code_of(warning: str) -> str:
    """The stable code that a warning starts with; what follows may quote a date.

    >>> code_of("SUV_UPTAKE_TIME: 30 min from injection to scan")
    'SUV_UPTAKE_TIME'
    """
    match = _CODE.match(warning)
    return match.group() if match else ""
