"""The command line. Each command lives in its own file and is imported when it is called."""

import difflib
import importlib
import sys
from collections.abc import Sequence

import click

from pet_mtl._version import __version__
from pet_mtl.errors import PetMtlError

# Name -> one line of help. Kept here so that `pet-mtl --help` imports no command, and with it
# no TensorFlow; a test holds each line against the command's own help.
COMMANDS = {
    "phantom": "Simulate a PET cohort with a known outcome law.",
    "suv": "Write the SUV volume of one study, in the scanner's own grid.",
    "validate": "Tell what convert would refuse or warn about, writing nothing.",
    "info": "Tell what a study, dataset, run or model is.",
    "convert": "Turn a folder of PET studies into a TFRecord dataset.",
    "train": "Train the multi-task, multi-scale model on a dataset.",
    "ablate": "Tell what each part of the model adds, by matched arms.",
    "evaluate": "Judge a run or predictions, with intervals and baselines.",
    "compare": "Compare runs or predictions on the same patients.",
    "predict": "Predict mask, survival and response for new studies.",
    "explain": "Show which uptake raises or lowers risk and response.",
    "doctor": "Tell whether this installation and this machine are fit.",
}
_LOAD_TENSORFLOW = ("convert", "train", "ablate", "predict", "explain")


class _LazyGroup(click.Group):
    """Imports a command's file only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"pet_mtl.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"pet_mtl.cli.{cmd_name}.command is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for; the nearest is named if there is none."""
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if near and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pet-mtl")
def group() -> None:
    """PET studies to TFRecords to a multi-task model to predictions.

    Exit codes: 0 all good, 1 failed, 2 wrong usage, 8 done, but some studies were refused.
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line; deliberate errors become one line on stderr, never a traceback."""
    # Only of a process that is all ours may file descriptor 2 be replaced.
    if argv is None and sys.argv[1:2] and sys.argv[1] in _LOAD_TENSORFLOW:
        importlib.import_module("pet_mtl.cli._quiet").quiet_tensorflow()
    try:
        code = group.main(args=argv, prog_name="pet-mtl", standalone_mode=False)
    except PetMtlError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
