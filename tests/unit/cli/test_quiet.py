"""What reaches standard error, seen from outside."""

import os
import pty
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.cli._quiet import ChatterFilter
from pet_mtl.geometry import Grid
from pet_mtl.writers.images import write_image

CHATTER = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    b"I0000 00:00:1795468330.805991   23908 port.cc:153] oneDNN custom operations are on. You\n",
    b"E0000 00:00:1795468981.410069   25498 cuda_platform.cc:52] failed call to cuInit: (303)\n",
    b"W0101 10:00:00.000000 1 gpu_device.cc:2341] Cannot dlopen some GPU libraries.\n",
    b"2024-03-01 10:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN\n",
    b"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow"
    b" with the appropriate compiler flags.\n",
)
OURS = (
    b"fold 0: mask 1/6: loss 1.0189\n",
    b"Traceback (most recent call last):\n",
    b'  File "port.cc", line 3, in <module>\n',
    b"F0000 00:00:1.0 1 cpu_feature_guard.cc:1] not available on your machine.\n",
    b"note: I0000 00:00:1.0 1 port.cc:153] within a line\n",
    b"E1234 is a patient\n",
    b"\xff\r\n",
    b"\n",
)
PREAMBLE = "import os, subprocess, sys; from pet_mtl.cli._quiet import quiet_tensorflow as quiet\n"


def _environment() -> dict[str, str]:
    """Ours, without the variable that switches the filter off."""
    return {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}


def _run(program: str, **environment: str) -> tuple[bytes, bytes, int]:
    """stdout, stderr and exit code of a program."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(program)],
        capture_output=True, env=_environment() | environment, timeout=120,
    )  # fmt: skip
    return done.stdout, done.stderr, done.returncode


@given(st.lists(st.sampled_from(CHATTER + OURS), max_size=12), st.data())
def test_drops_chatter_and_nothing_else(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    chatter = ChatterFilter()
    parts = zip([0, *cuts], [*cuts, len(stream)], strict=True)
    found = b"".join(chatter.feed(stream[start:end]) for start, end in parts)
    assert found + chatter.release() == b"".join(line for line in lines if line in OURS)


@given(st.binary(), st.binary())
def test_what_is_released_early_stays_whole(begin: bytes, end: bytes) -> None:
    chatter = ChatterFilter()
    text = b"? " + begin.replace(b"\n", b"")
    assert chatter.feed(text) + chatter.release() == text
    assert chatter.feed(CHATTER[0]) == CHATTER[0], "it goes on within the line"
    assert chatter.feed(b"? " + end) + chatter.release() == b"? " + end


def test_everything_else_comes_through_in_order() -> None:
    child = f"import os; os.write(2, {CHATTER[2] + OURS[0]!r})"
    out, error, code = _run(
        f"""
        print("first", file=sys.stderr)
        quiet()
        print("second", file=sys.stderr)
        print("result", flush=True)
        os.write(2, {CHATTER[0] + CHATTER[1]!r})
        subprocess.run([sys.executable, "-c", {child!r}], check=True)
        subprocess.run(["sleep", "0.3"])
        print("third", file=sys.stderr)
        os.write(2, b"no end of line")
        sys.exit(8)
        """
    )
    assert (out, code) == (b"result\n", 8)
    assert error == b"first\nsecond\n" + OURS[0] + b"third\nno end of line"


def test_a_traceback_and_an_abort_come_through() -> None:
    _, error, code = _run("quiet(); raise KeyError('x')")
    assert (code, error.splitlines()[0]) == (1, b"Traceback (most recent call last):")
    assert error.endswith(b"KeyError: 'x'\n")
    last = OURS[3]
    assert _run(f"quiet(); os.write(2, {last!r}); os.abort()") == (b"", last, -6)


def test_much_at_the_end_is_not_lost_and_late_children_delay_nothing() -> None:
    _, error, code = _run(
        """
        quiet()
        subprocess.Popen(["sleep", "1"])
        os.write(2, b"x" * 50000)
        os.write(2, b"y" * 50000)
        """
    )
    assert (len(error), code) == (100_000, 0)


def test_the_users_own_level_changes_nothing() -> None:
    program = f"quiet(); os.write(2, {CHATTER[0]!r})"
    assert _run(program, TF_CPP_MIN_LOG_LEVEL="0") == (b"", CHATTER[0], 0)
    assert _run("quiet(); print(os.environ['TF_CPP_MIN_LOG_LEVEL'])") == (b"3\n", b"", 0)


def test_without_standard_error() -> None:
    program = "quiet(); print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    closed = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, PREAMBLE + program]
    done = subprocess.run(closed, capture_output=True, env=_environment())
    assert (done.stdout, done.returncode) == (b"None\n", 0)


def test_a_terminal_stays_a_terminal() -> None:
    ours, theirs = pty.openpty()
    program = f"quiet(); os.write(2, {CHATTER[0]!r}); print(sys.stderr.isatty(), file=sys.stderr)"
    command = [sys.executable, "-c", PREAMBLE + program]
    done = subprocess.run(command, stderr=theirs, env=_environment())
    assert done.returncode == 0
    assert os.read(ours, 1000) == b"True\r\n"
    os.close(ours)
    os.close(theirs)


@pytest.mark.slow
def test_a_command_with_tensorflow_says_only_its_own(tmp_path: os.PathLike[str]) -> None:
    suv = np.ones((3, 4, 5), np.float32)
    write_image(suv, Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0)), tmp_path / "A.nii.gz")
    (tmp_path / "model").mkdir()
    arguments = ["predict", tmp_path / "model", tmp_path / "A.nii.gz", "-o", tmp_path / "out"]
    program = f"sys.argv = {['pet-mtl', *map(str, arguments)]!r}\nfrom pet_mtl.cli import main"
    out, error, code = _run(f"{program}; main()")
    assert (out, code) == (b"", 1)
    assert re.fullmatch(rb"error: [^\n]*\[[A-Z_]+\]\n", error), error.decode()
    _, error, _ = _run(f"{program}; main()", TF_CPP_MIN_LOG_LEVEL="0")
    assert b".cc:" in error, "or there is nothing to filter any more"
