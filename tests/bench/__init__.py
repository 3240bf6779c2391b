"""Benchmarks: our solver and what a school would use instead, on invented and outside days."""
