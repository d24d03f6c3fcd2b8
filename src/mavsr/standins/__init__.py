"""Small encoders and a small LLM for the embedded default, trained on its training split alone.

They are saved in the public formats of the models they stand in for and loaded by the same code, so
the path from features to tables is the real one. What they recognise is the embedded corpus only.
"""
