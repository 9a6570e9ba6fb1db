"""The parts of scripts/bench: workloads, how a run is measured, how results are written, and one module per suite."""
