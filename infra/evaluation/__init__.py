"""Quality, measured: histories of real and simulated people go through the real agent, in order and in memory, and the
profiles it makes rank what these people did next. `attune eval` starts it; docs/quality.md shows what came out."""
