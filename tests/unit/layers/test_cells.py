"""Voxels as channels: nothing is lost, and every voxel stays in its cell."""

import keras
import numpy as np
import pytest

from pet_mtl.layers import SpaceToDepth3D


@pytest.mark.parametrize(("block", "channels"), [(2, 1), (2, 3), (3, 2)])
def test_every_voxel_is_a_channel_of_its_cell(block: int, channels: int):
    edge = 2 * block
    volume = np.arange(2 * edge**3 * channels, dtype=np.float32)
    volume = volume.reshape(2, edge, edge, edge, channels)
    cells = np.asarray(SpaceToDepth3D(block)(volume))
    assert cells.shape == (2, 2, 2, 2, block**3 * channels)
    # By hand: split every axis into cell and place, and bring the places behind the cells.
    split = volume.reshape(2, 2, block, 2, block, 2, block, channels)
    by_hand = split.transpose(0, 1, 3, 5, 2, 4, 6, 7).reshape(cells.shape)
    np.testing.assert_array_equal(cells, by_hand)


def test_shape_is_known_before_it_runs_and_it_is_saved():
    inputs = keras.Input((8, 8, 8, 2))
    outputs = SpaceToDepth3D()(inputs)
    assert outputs.shape == (None, 4, 4, 4, 16)
    model = keras.Model(inputs, outputs)
    again = keras.Model.from_config(model.get_config())
    volume = np.random.default_rng(0).random((1, 8, 8, 8, 2), dtype=np.float32)
    np.testing.assert_array_equal(np.asarray(again(volume)), np.asarray(model(volume)))
