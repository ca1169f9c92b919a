"""The two stores behind `workers.ports.Store`: one SQLite file (embedded), or Redis (cluster)."""
