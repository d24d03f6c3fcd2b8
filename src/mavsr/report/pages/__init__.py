"""Pages to look at: what a model got wrong, and every test clip at every scale."""
