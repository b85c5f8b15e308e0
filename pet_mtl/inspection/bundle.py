"""A SavedModel: what can be called with which tensors, read from its file without TensorFlow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pet_mtl.errors import ModelError
from pet_mtl.files import read_object

Plain = dict[str, Any]
_ABOUT = "assets.extra/bundle.json"
_META_GRAPHS = 2
# TensorFlow's messages name these two as C does.
_DTYPES = {"float": "float32", "double": "float64"}


def bundle_facts(path: Path) -> Plain:
    """Tells what a SavedModel offers.

    Args:
        path: The folder with saved_model.pb.

    Returns:
        `signatures` (inputs and outputs with dtype and shape; null is any size), `about` (all of
        bundle.json), `card` (of the zoo) and `bytes`.

    Raises:
        ModelError: MODEL_DAMAGED; saved_model.pb cannot be read.
    """
    signatures: Plain = {}
    for graph in _meta_graphs(path):
        for name, signature in sorted(graph.signature_def.items()):
            if not name.startswith("__"):
                signatures[name] = {
                    "inputs": _tensors(signature.inputs),
                    "outputs": _tensors(signature.outputs),
                }
    return {
        "kind": "model",
        "signatures": signatures,
        "about": read_object(path / _ABOUT),
        "card": read_object(path / "card.json") or read_object(path.parent / "card.json"),
        "bytes": sum(p.stat().st_size for p in path.rglob("*") if p.is_file()),
    }


def _meta_graphs(path: Path) -> Iterator[Any]:
    """The graphs of a SavedModel.

    Its messages come from TensorBoard, which carries them without the whole of TensorFlow, all
    but the outermost: a version, and the graphs as field 2.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef

    data = (path / "saved_model.pb").read_bytes()
    found = False
    try:
        for number, content in _fields(data):
            if number == _META_GRAPHS and isinstance(content, bytes):
                found = True
                yield MetaGraphDef.FromString(content)
    except (IndexError, DecodeError) as error:
        raise _damaged(path) from error
    if not found:
        raise _damaged(path)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message that are numbers or hold bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        value, place = _varint(data, place)
        if key & 7 == 0:
            yield key >> 3, value
        elif key & 7 == 2 and place + value <= len(data):
            yield key >> 3, data[place : place + value]
            place += value
        else:
            raise IndexError


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _tensors(tensors: Any) -> Plain:
    from tensorboard.compat.proto.types_pb2 import DataType

    def dtype(number: int) -> str:
        name = DataType.Name(number).removeprefix("DT_").lower()
        return _DTYPES.get(name, name)

    return {
        name: {
            "dtype": dtype(tensor.dtype),
            "shape": None
            if tensor.tensor_shape.unknown_rank
            else [None if d.size < 0 else d.size for d in tensor.tensor_shape.dim],
        }
        for name, tensor in sorted(tensors.items())
    }


def _damaged(path: Path) -> ModelError:
    return ModelError(
        "MODEL_DAMAGED",
        "saved_model.pb cannot be read",
        todo="Copy the model again, or export it again",
        subject=str(path),
    )
