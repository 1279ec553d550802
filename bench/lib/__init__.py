"""Side-by-side benches: CPU per request of Sluice and its peers doing the same work."""
