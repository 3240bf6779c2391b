"""What a school would use instead of flexday, each as its own author would write it."""

PEERS = ("sign-up", "greedy", "cp-sat", "highs")
"""By name, weakest first."""
