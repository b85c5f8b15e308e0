"""Networks that cannot be built are refused before they are."""

from pet_mtl.config import ModelConfig
from pet_mtl.errors import ConfigError
from pet_mtl.models.spec import ModelSpec


def check_network(config: ModelConfig, spec: ModelSpec, has_segmenter: bool) -> None:
    """Refuses networks that cannot be built.

    Args:
        config: The network's switches.
        spec: What the data fix.
        has_segmenter: Whether a trained segmenter gives the mask.

    Raises:
        ConfigError: The cube cannot be halved often enough, groups that do not divide the filters,
            or switches that exclude each other.
    """
    _check_size(config, spec)
    _check_heads(config, spec, has_segmenter)


def _check_size(config: ModelConfig, spec: ModelSpec) -> None:
    """Voxels and channels can be divided as often as needed."""
    factor = 1 << len(config.filters)
    if spec.plan.size % factor:
        raise ConfigError(
            "MODEL_SIZE",
            "the cube cannot be halved once for each encoder level",
            expected=f"a size divisible by {factor}",
            found=str(spec.plan.size),
            todo="Convert with another --size, or give fewer model.filters",
        )
    grouped = config.norm == "group"
    if grouped and any(filters % config.groups for filters in config.filters):
        raise ConfigError(
            "MODEL_GROUPS",
            "model.groups must divide each of model.filters",
            found=f"groups {config.groups}, filters {config.filters}",
        )


def _check_heads(config: ModelConfig, spec: ModelSpec, has_segmenter: bool) -> None:
    """The outcome heads have something to read."""
    if config.segmenter and not has_segmenter:
        raise ConfigError(
            "MODEL_SEGMENTER_MISSING",
            "model.segmenter names a model, but none was given",
            todo="Load it, and give it to build_model(config, spec, segmenter)",
        )
    if config.reads_mask and "mask" not in config.tasks and not has_segmenter:
        raise ConfigError(
            "MODEL_NEEDS_MASK",
            "outcomes or radiomics are read under a mask that nothing predicts",
            expected='"mask" in model.tasks, or a model.segmenter',
            found=f"tasks {config.tasks}, pool {config.pool}, radiomics {config.radiomics}",
            todo='Add one of them, or give model.pool = ["all"], model.radiomics = false and '
            "model.learned = true",
        )
    if config.outcomes and not (config.learned or config.radiomics or spec.covariates):
        raise ConfigError(
            "MODEL_NO_FEATURES",
            "the outcome heads would read nothing",
            expected="model.learned, model.radiomics, or model.clinical and covariates",
            found="none of them",
        )
