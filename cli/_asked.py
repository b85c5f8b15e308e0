"""What `predict` and `explain` are asked about studies: the lesion's place, covariates, layout."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pet_mtl.cli._clinical import decimal_option
from pet_mtl.cli._point import point_or_table
from pet_mtl.cli._search import layout_option
from pet_mtl.errors import UsageError
from pet_mtl.preprocess.crop import Point
from pet_mtl.readers import Search
from pet_mtl.readers.clinical import ClinicalColumns

if TYPE_CHECKING:
    from pet_mtl.prediction.batch import PredictConfig
    from pet_mtl.prediction.model import Predictor

_OPTIONS = (
    click.option(
        "--use-mask", is_flag=True, help="Take the lesion's place from the study's own mask."
    ),
    click.option(
        "--mask", "outline", is_flag=True, help="Its outline, too: statistics are of it."
    ),
    click.option("--roi", metavar="R,R", help="Of that mask: regions, by name or number."),
    click.option(
        "--center", metavar="X,Y,Z|CSV", callback=point_or_table,
        help="Where the lesion is: DICOM patient coordinates (LPS), mm; or id, x_mm, y_mm, z_mm.",
    ),
    click.option(
        "--clinical", type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="CSV with the model's clinical inputs; without it they count as unknown.",
    ),
    click.option("--id-column", metavar="C", help="Column of --clinical that names the patient."),
    decimal_option,
    layout_option,
)  # fmt: skip


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that make an `Asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """The values of `study_options`.

    Attributes:
        use_mask: Whether the study's own mask says where the lesion is.
        outline: Whether it says its outline, too.
        roi: Regions of that mask that make the lesion.
        center: A place in one patient, or a table of places.
        clinical: Table of covariates.
        id_column: Its column that names the patient.
        decimal: How it writes decimals.
        layout: How the studies lie.
    """

    use_mask: bool
    outline: bool
    roi: str | None
    center: Point | Path | None
    clinical: Path | None
    id_column: str | None
    decimal: str | None
    layout: str

    def check(self, src: Path, out: Path) -> None:
        """Refuses options that contradict each other or lack their partner.

        Args:
            src: Where the studies are.
            out: Where the results go.

        Raises:
            UsageError: PREDICT_CENTRE, PREDICT_CLINICAL, PREDICT_OUT.
        """
        if (self.use_mask or self.outline) and self.center:
            raise UsageError("PREDICT_CENTRE", "a mask and --center exclude each other")
        if (self.clinical is None) != (self.id_column is None):
            raise UsageError("PREDICT_CLINICAL", "--clinical and --id-column belong together")
        if out.resolve().is_relative_to(src.resolve()):
            raise UsageError(
                "PREDICT_OUT",
                "the output folder lies among the studies, where its masks would count as outlined",
                todo="Choose a folder outside SRC",
            )

    def config(self, search: Search, predictor: "Predictor", out: Path) -> "PredictConfig":
        """What is asked of studies, checked against the model; tells oddities of the table."""
        from pet_mtl.prediction.batch import PredictConfig
        from pet_mtl.prediction.centres import read_centres
        from pet_mtl.prediction.clinical import read_inputs

        columns = ClinicalColumns(self.id_column or "", decimal=self.decimal or "")
        inputs = read_inputs(self.clinical, columns, predictor, search)
        for notice in inputs.warnings if inputs else ():
            click.echo(notice, err=True)
        masked, center = self.use_mask or self.outline, self.center
        names = {source.name for source in search.sources}
        return PredictConfig(
            out=out,
            centre=center if isinstance(center, tuple) else "mask" if masked else "found",
            centres=read_centres(center, names) if isinstance(center, Path) else {},
            outline=self.outline,
            roi=self.roi,
            clinical=inputs,
            passed_over=search.passed_over,
            ignored=search.ignored,
        )
