"""Stage 5: train projectors and adapters on cached features."""
