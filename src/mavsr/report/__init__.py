"""Stage 7: tables and figures, from the tidy table of scores alone."""
