import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.layers import CtWindow


def ct(hu, known):
    return np.stack(np.broadcast_arrays(hu, known), -1).astype(np.float32)[None, None, None]


def test_window_by_hand():
    layer = CtWindow((-160.0, 240.0))
    out = np.asarray(layer(ct([-1000, -160, 40, 240, 3000], 1)))[0, 0, 0]
    assert out[:, 0] == pytest.approx([-1, -1, 0, 1, 1], abs=1e-6)
    assert (out[:, 1] == 1).all()


def test_what_is_unknown_is_zero_whatever_it_holds_and_has_no_gradient():
    layer = CtWindow()
    cube = tf.constant(ct([5.0, 777.0, np.nan, np.inf], [1, 0, 0, 0]))
    with tf.GradientTape() as tape:
        tape.watch(cube)
        out = layer(cube)
    assert np.asarray(out)[0, 0, 0, 1:].tolist() == [[0, 0]] * 3
    gradient = np.asarray(tape.gradient(out, cube))[0, 0, 0, :, 0]
    assert gradient[0] != 0 and not np.any(gradient[1:2])


def test_configuration_round_trip():
    layer = CtWindow((-100.0, 300.0), name="w")
    assert CtWindow.from_config(layer.get_config()).window_hu == (-100.0, 300.0)
