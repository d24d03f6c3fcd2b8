"""What the Snakemake rules ask of Python: config, models asked for, paths, inputs, code."""
