"""How a run stands: what is done, running, failed and left."""
