"""Scores, one file each: what a trained model gets right, in eval mode and without gradients."""
