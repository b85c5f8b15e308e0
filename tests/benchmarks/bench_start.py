"""Times what has a limit on its start: `pet-mtl --help` (0.5 s) and `import pet_mtl` (0.2 s).

Run by `make bench`. The fastest of several runs counts: everything slower is the machine.
"""

import subprocess
import sys
import time
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("pet-mtl"))
LIMITS = {
    "pet-mtl --help": ([PROGRAM, "--help"], 0.5),
    "import pet_mtl": ([sys.executable, "-P", "-c", "import pet_mtl"], 0.2),
}


def fastest(command: list[str], runs: int = 7) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Prints every time beside its limit; 1 if one is over."""
    late = False
    for name, (command, limit) in LIMITS.items():
        seconds = fastest(command)
        late |= seconds > limit
        sys.stdout.write(f"{name:20s} {seconds:.3f} s (limit {limit} s)\n")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
