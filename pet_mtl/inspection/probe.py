"""Loads TensorFlow in a process of its own: one that is broken may take its process with it."""

import json
import subprocess
import sys
from typing import Any

Plain = dict[str, Any]

# Long enough for a cold disk; a healthy one needs about five seconds.
_PATIENCE_S = 90.0
_MARK = "pet-mtl probe: "


def probe() -> Plain:
    """Loads TensorFlow and convolves a little on every device.

    Returns:
        `tensorflow`, `keras`, `backend`, `cuda` (version TensorFlow was built for, or null),
        `devices` (name, kind, `works`); or `error`, the last words of the process.
    """
    command = [sys.executable, "-P", "-m", "pet_mtl.inspection.probe"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": f"{type(error).__name__} while TensorFlow was loaded"}
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            found: Plain = json.loads(line.removeprefix(_MARK))
            return found
    words = done.stderr.strip().splitlines() or ["no word"]
    return {"error": f"exit code {done.returncode}: {words[-1][:300]}"}


def main() -> int:
    """What the child does."""
    import keras
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    found = {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "backend": keras.config.backend(),
        "cuda": build.get("cuda_version") if build.get("is_cuda_build") else None,
        "devices": [_device(tf, device) for device in tf.config.list_physical_devices()],
    }
    sys.stdout.write(f"{_MARK}{json.dumps(found)}\n")
    return 0


def _device(tf: Any, device: Any) -> Plain:
    """One device; whether a box of ones convolved with a box of ones gives 27."""
    details = tf.config.experimental.get_device_details(device)
    if device.device_type == "GPU":
        # Else the whole memory of the card is taken, perhaps from someone else's training.
        tf.config.experimental.set_memory_growth(device, True)
    try:
        with tf.device(device.name.replace("physical_device:", "")):
            ones = tf.ones([1, 4, 4, 4, 1])
            middle = tf.nn.conv3d(ones, tf.ones([3, 3, 3, 1, 1]), [1] * 5, "SAME")[0, 1, 1, 1, 0]
            works = float(middle) == 27.0
    except (tf.errors.OpError, RuntimeError, ValueError):
        works = False
    name = details.get("device_name", device.device_type)
    return {"name": name, "kind": device.device_type, "works": works}


if __name__ == "__main__":
    sys.exit(main())
