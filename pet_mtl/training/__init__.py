"""Training: batches, stages, heads, folds, runs."""
