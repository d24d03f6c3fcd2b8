"""The trainable model: compression, projectors, adapters and the frozen LLM they serve."""
