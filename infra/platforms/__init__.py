"""The histories that platforms give their users to take along: one module a platform, read as they come."""
