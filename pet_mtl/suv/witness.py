"""DecayFactor as a witness of the time that values were corrected for decay to.

Source: [C] C.8.9.4.1.8 (DecayFactor): "The decay factor that was used to scale this image".
"""

import math
from datetime import datetime

from pet_mtl.suv.attributes import FrameTiming

# Differences of the decay correction below half a percent are rounding of times.
DECAY_TOLERANCE = 0.005
_MOST = 100.0


def frame_decay(duration_s: float, decay_per_s: float) -> float:
    """Activity at the start of a frame over its mean during the frame, >= 1.

    Args:
        duration_s: Length of the frame.
        decay_per_s: Decay constant.

    Returns:
        lambda T / (1 - exp(-lambda T)), [M] "Option A (QIBA)", item 4.
    """
    exponent = decay_per_s * duration_s
    return exponent / -math.expm1(-exponent) if exponent > 0 else 1.0


def contradiction(
    frames: tuple[FrameTiming, ...], reference: datetime, decay_per_s: float
) -> tuple[str, ...]:
    """Holds DecayFactor of the earliest slice against a reference time.

    Vendors correct for the decay within the frame in this factor, or apart from it.

    Args:
        frames: Timing of each slice.
        reference: The moment the values are thought to be corrected to.
        decay_per_s: Decay constant.

    Returns:
        A warning, or nothing where it fits or is absent.
    """
    told = [f for f in frames if f.acquired and f.decay_factor and f.decay_factor > 0]
    if not told:
        return ()
    first = min(told, key=lambda f: (f.acquired, f.decay_factor))
    if first.acquired is None or first.decay_factor is None:
        return ()
    # In logarithms, as a wrong date may lie any number of half-lives away.
    to_start = decay_per_s * (first.acquired - reference).total_seconds()
    to_mean = to_start + math.log(frame_decay(first.duration_s or 0.0, decay_per_s))
    told_log = math.log(first.decay_factor)
    if min(abs(told_log - to_start), abs(told_log - to_mean)) <= DECAY_TOLERANCE:
        return ()
    expected = math.exp(to_mean) if abs(to_mean) < _MOST else math.inf
    return (
        f"SUV_DECAY_FACTOR: DecayFactor {first.decay_factor:g} of the earliest slice does not fit "
        f"the decay reference time ({expected:.5f} expected)",
    )
