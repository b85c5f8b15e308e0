"""Predicting new studies: finding the lesion, the two cubes, the model, the patient's files."""
