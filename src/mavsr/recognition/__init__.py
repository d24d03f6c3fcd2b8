"""Beside the stages: a trained model on videos of one's own."""
