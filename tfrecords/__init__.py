"""Sample to tf.train.Example to shards to tf.data: the records room."""
