"""The command `attune`: one file per group of commands. What is heavy is imported inside a command, so that help is
there at once."""
