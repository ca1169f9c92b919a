"""Who may do what over HTTP: bearer tokens with roles (`tokens`, `keys`), one table of rules (`access`), how often
(`rates`), and the door itself, which every request passes (`entering`). `opening` makes it from the settings."""
