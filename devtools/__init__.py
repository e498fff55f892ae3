"""Servers and tools for the tests, the demo and the benchmarks. They are not part of the wheel."""
