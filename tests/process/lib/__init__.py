"""The harness of the process tests: real binaries, fault-injecting origins, raw clients, two-sided logs."""
