"""The measured claims: what Attune does beside the least that could do it, on the same servers in the same run.

`throughput`, `freshness` and `hot_user` each measure one claim, `bare` is the limit that the first two stand beside.
They share `servers` (a Kafka and a Redis of their own), `workload` (what people do, and items), `service` (Attune's
stages) and `figures` (time, medians, percentiles), and touch no server that they have not started themselves.
`background` and `dislikes` are scripts behind pages in docs/decisions.
"""
