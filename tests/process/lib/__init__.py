"""The harness of the process tests: real binaries, faulty origins, raw clients, two-sided logs."""
