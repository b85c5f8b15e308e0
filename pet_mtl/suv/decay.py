"""What became of the injected dose until the moment the values stand for.

Sources: [M], [C] and [Q] as in `pet_mtl.suv.rules`.
"""

import math
from collections.abc import Callable
from datetime import timedelta

from pet_mtl.errors import SuvError
from pet_mtl.suv.attributes import FrameTiming, SuvAttributes, SuvFactor
from pet_mtl.suv.codes import shown
from pet_mtl.suv.nuclides import half_life_s
from pet_mtl.suv.times import elapsed_s, no_time, reference_for_start
from pet_mtl.suv.witness import DECAY_TOLERANCE, contradiction, frame_decay

_FLAG = (
    "SUV_DECAY_FLAG: CorrectedImage lists DECY, but DecayCorrection is NONE and every DecayFactor "
    "1; taken as not corrected"
)


def decayed(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """SUVbw per Bq/ml from SUVbw per Bq/ml without any decay of the dose.

    Args:
        attributes: What the series says, with the half-life that counts.
        per_bq: Weight in g over the injected dose in Bq.

    Returns:
        The factor.

    Raises:
        SuvError: SUV_DECAY, SUV_TIME.

    Source: [M] "Decay correction = ADMIN / START / NONE"; [C] C.8.9.1.1.5.
    """
    rule = _DECAY.get(attributes.decay_correction)
    if rule is None or not _agrees(attributes):
        marked = "DECY" in attributes.corrected
        raise SuvError(
            "SUV_DECAY",
            "it is unclear to what time the values were corrected for decay",
            expected="DecayCorrection START or ADMIN with DECY in CorrectedImage, or NONE without",
            found=f"{shown(attributes.decay_correction)}, DECY {'' if marked else 'not '}listed",
            todo="Correct the attributes at the source, or export the series as SUVbw (GML)",
        )
    return rule(attributes, per_bq)


def _agrees(attributes: SuvAttributes) -> bool:
    """Whether CorrectedImage bears DecayCorrection out; where it does not, DecayFactor may."""
    marked = "DECY" in attributes.corrected
    if attributes.decay_correction != "NONE":
        return marked
    factors = [frame.decay_factor for frame in attributes.frames]
    return not marked or not any(factor is None or _applied(factor) for factor in factors)


def _applied(factor: float | None) -> bool:
    """Whether a DecayFactor says that values were scaled by it ([C] C.8.9.4.1.8)."""
    return factor is not None and abs(factor - 1) > DECAY_TOLERANCE


def _to_injection(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = ADMIN": SUVbw = m P W / D, no further correction."""
    moment = attributes.injection
    reference = moment.isoformat() if moment else ""
    witness = _witness_of_injection(attributes)
    return SuvFactor(per_bq, reference, witness, rule="ADMIN, dose as injected")


def _witness_of_injection(attributes: SuvAttributes) -> tuple[str, ...]:
    """Holds DecayFactor against the injection, where both are told; a factor of 1 tells nothing."""
    starts = [frame.acquired for frame in attributes.frames if frame.acquired]
    if not starts or all(frame.decay_factor in (None, 1.0) for frame in attributes.frames):
        return ()
    try:
        half_life = half_life_s(attributes)[0]
        elapsed = elapsed_s(attributes, min(starts), half_life)
    except SuvError:
        return ()
    injection = min(starts) - timedelta(seconds=elapsed)
    return contradiction(attributes.frames, injection, math.log(2.0) / half_life)


def _to_start(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = START": SUVbw = m P W / (D exp(-lambda (t_ref - t_adm)))."""
    decay_per_s = math.log(2.0) / (attributes.half_life_s or math.inf)
    reference = reference_for_start(attributes, decay_per_s)
    elapsed = elapsed_s(attributes, reference.moment, attributes.half_life_s or math.inf)
    witness = contradiction(attributes.frames, reference.moment, decay_per_s)
    return SuvFactor(
        per_bq * math.exp(decay_per_s * elapsed),
        reference.moment.isoformat(),
        reference.warnings + witness,
        rule=f"START, reference from {reference.source}",
    )


def _not_corrected(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = NONE": each slice by its own start and duration.

    SUVbw = m P W / D * lambda T / (1 - exp(-lambda T)) * exp(lambda (t_acq - t_adm))
    """
    decay_per_s = math.log(2.0) / (attributes.half_life_s or math.inf)
    factors = [per_bq * _undecayed(attributes, f, decay_per_s) for f in attributes.frames]
    starts = [frame.acquired for frame in attributes.frames if frame.acquired]
    if not factors:
        raise no_time("AcquisitionTime")
    weights = tuple(factor / factors[0] for factor in factors)
    varies = any(not math.isclose(weight, 1.0, rel_tol=1e-12) for weight in weights)
    warnings: tuple[str, ...] = (_FLAG,) if "DECY" in attributes.corrected else ()
    if any(_applied(frame.decay_factor) for frame in attributes.frames):
        warnings += ("SUV_DECAY_FACTOR: DecayCorrection is NONE, but a DecayFactor is not 1",)
    if varies:
        per_slice = "SUV_DECAY_PER_SLICE: not corrected for decay; each slice has its own factor"
        warnings += (per_slice,)
    return SuvFactor(
        factors[0],
        min(starts).isoformat(),
        warnings,
        weights if varies else (),
        rule="NONE, each slice from its AcquisitionTime",
    )


def _undecayed(attributes: SuvAttributes, frame: FrameTiming, decay_per_s: float) -> float:
    """How much higher the slice would be, had nothing decayed since the injection."""
    if frame.acquired is None or not frame.duration_s:
        raise no_time("AcquisitionTime or ActualFrameDuration")
    elapsed = elapsed_s(attributes, frame.acquired, attributes.half_life_s or math.inf)
    return frame_decay(frame.duration_s, decay_per_s) * math.exp(decay_per_s * elapsed)


_DECAY: dict[str, Callable[[SuvAttributes, float], SuvFactor]] = {
    "START": _to_start,
    "ADMIN": _to_injection,
    "NONE": _not_corrected,
}
