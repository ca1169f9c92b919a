"""What Attune stands on: settings, stores, the gateway and its page, the command line, and the wiring of it all."""
