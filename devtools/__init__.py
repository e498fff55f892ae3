"""Servers and tools that the tests, the demo and the benchmarks share; never part of the wheel."""
