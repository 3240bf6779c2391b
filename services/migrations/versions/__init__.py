"""One module per step, applied in order."""
