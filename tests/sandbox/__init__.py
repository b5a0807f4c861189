"""The frame of the sandbox: processes, TLS, control, faults."""
