"""Running on a SLURM cluster: what a site says of itself, and how training starts on its nodes."""
