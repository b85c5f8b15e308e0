"""Threads and determinism of TensorFlow, set before it does anything else."""

import tensorflow as tf


def prepare_tensorflow(threads: int, deterministic: bool) -> None:
    """Sets what can only be set in a process that has not computed yet.

    Args:
        threads: Cores to compute with; 0 leaves all.
        deterministic: Whether equal inputs give bit-equal results, run after run, on the same
            machine with the same number of threads.
    """
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
