"""What one policy says otherwise than another: shared by periods, `auditor diff` and the gate."""
