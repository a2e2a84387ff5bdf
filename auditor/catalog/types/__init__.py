"""What is known of an expression before any evidence is there: its reads, its types, its faults."""
