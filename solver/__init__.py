"""Problem in, Plan out: the doors are solver.solve.solve and solver.score.score."""
