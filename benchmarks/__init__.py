"""The measured claims: what Attune does beside the least that could do it, on the same servers in the same run.

`throughput` and `freshness` each measure one claim, `bare` is the limit they stand beside. The rest is what they share:
`servers` (a Kafka and a Redis of their own), `workload` (what people do, and items), `service` (Attune's stages),
`figures` (time, medians, percentiles). Nothing here touches a server that it has not started itself.
"""
