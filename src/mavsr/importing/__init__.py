"""The authors' released checkpoints: what their files hold, and how it becomes models of ours.

Two public repositories write them: Llama-AVSR (Llama-AVSR) and Omni-AVSR (Llama-MTSK, Omni-AVSR).
"""
