"""Benchmarks: workloads against the real server, CPU accounted by component, ratios printed; never pass or fail."""
