"""The verb `convert`: a folder of studies to a TFRecord dataset.

Worker processes import this package, so it loads TensorFlow only when `convert` is asked for.
"""

from typing import TYPE_CHECKING, Any

from pet_mtl.conversion.settings import ConvertConfig, ConvertResult

if TYPE_CHECKING:
    from pet_mtl.conversion.run import convert

__all__ = ["ConvertConfig", "ConvertResult", "convert"]


def __getattr__(name: str) -> Any:
    """Imports the verb on first use."""
    if name == "convert":
        from pet_mtl.conversion.run import convert

        return convert
    raise AttributeError(f"module 'pet_mtl.conversion' has no attribute {name!r}")
