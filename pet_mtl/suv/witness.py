"""DecayFactor and FrameReferenceTime as witnesses of the time of decay correction.

Source: [C] C.8.9.4.1.8 (DecayFactor): "The decay factor that was used to scale this image";
C.8.9.4.1.5 (FrameReferenceTime): offset from the series reference time to when the pixel value
occurred.
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
    """Holds DecayFactor of the earliest slice, or FrameReferenceTime, against a reference time.

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
        return _early(frames, reference, decay_per_s)
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


def _early(
    frames: tuple[FrameTiming, ...], reference: datetime, decay_per_s: float
) -> tuple[str, ...]:
    """Holds FrameReferenceTime of the earliest slice against a reference time, where it is alone.

    One-sided: a frame begins no later after the reference than FrameReferenceTime, which counts
    to its mean. The other way round proves nothing, as vendors count from different moments.
    """
    told = [(f.acquired, f.reference_s) for f in frames if f.acquired and f.reference_s is not None]
    if not told:
        return ()
    acquired, reference_s = min(told)
    since_s = (acquired - reference).total_seconds()
    if (since_s - reference_s) * decay_per_s <= DECAY_TOLERANCE:
        return ()
    return (
        f"SUV_FRAME_TIME: the earliest slice begins {since_s:.0f} s after the decay reference "
        f"time, but its FrameReferenceTime is {reference_s:.0f} s",
    )
