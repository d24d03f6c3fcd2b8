"""From a config to the workflow's jobs: their inputs, settings and resources. Rules import this."""
