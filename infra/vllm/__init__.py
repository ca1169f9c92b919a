"""The LLM behind refinement: a vLLM server of its own, reached over HTTP, and never trusted.

From the outside in: `proposer` (the port that refinement knows; `fallback` puts another behind it), `rendering` with
`quoting` and `prompts/` (what is asked), `answers` (the schema, and the reading of what came), `client` (tries, costs,
one deadline) on `turns`, `breaker`, `effort`, `probe`, `transport` and `wire`.

For tests alone: `server` starts a real one on this machine's CPU with `tiny_model`, which knows nothing
(`make test-vllm`; its environment is pinned in requirements-cpu.txt). In production vLLM runs as docker-compose.yml has
it; requirements.in names the version that all this was measured with.
"""
