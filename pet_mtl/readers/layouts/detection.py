"""Which layout a folder has, by the names of its files alone."""

from collections.abc import Callable

from pet_mtl.readers.layouts.bids import is_bids, search_bids
from pet_mtl.readers.layouts.found import Progress, Search
from pet_mtl.readers.layouts.hecktor import is_hecktor, search_hecktor
from pet_mtl.readers.layouts.inventory import Inventory
from pet_mtl.readers.layouts.moose import is_moose, search_moose
from pet_mtl.readers.layouts.nnunet import is_nnunet, search_nnunet
from pet_mtl.readers.layouts.tree import Wanted, search_tree

# The names of `--layout`; a manifest is a file and no folder.
LAYOUTS = ("auto", "dicom", "hecktor", "bids", "nnunet", "moose", "pairs", "manifest")
AUTO, MANIFEST, TREE = LAYOUTS[0], LAYOUTS[-1], "tree"

# The more particular names first.
_TELLTALES: dict[str, Callable[[Inventory], bool]] = {
    "nnunet": is_nnunet, "bids": is_bids, "hecktor": is_hecktor, "moose": is_moose,
}  # fmt: skip


def detect(inventory: Inventory) -> str:
    """The layout of a folder.

    Args:
        inventory: What lies below it.

    Returns:
        One of `LAYOUTS`, or "tree": DICOM in any folders, and image files paired by name.
    """
    return next((name for name, is_it in _TELLTALES.items() if is_it(inventory)), TREE)


def search_layout(inventory: Inventory, layout: str, progress: Progress) -> Search:
    """All studies of a folder that has a given layout.

    Args:
        inventory: What lies below it.
        layout: One of `LAYOUTS` or "tree", but "auto" and "manifest".
        progress: Shows how many DICOM files were looked at.

    Returns:
        The studies.
    """
    searches: dict[str, Callable[[], Search]] = {
        "nnunet": lambda: search_nnunet(inventory),
        "bids": lambda: search_bids(inventory),
        "hecktor": lambda: search_hecktor(inventory),
        "moose": lambda: search_moose(inventory, progress),
        "dicom": lambda: search_tree(inventory, progress, Wanted(images=False)),
        "pairs": lambda: search_tree(inventory, progress, Wanted(dicom=False)),
        TREE: lambda: search_tree(inventory, progress),
    }
    return searches[layout]()
