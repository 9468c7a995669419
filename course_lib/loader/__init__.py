"""The loader: from a dataset to batches, in this process or in worker processes (lessons 10 to 13).

Read the files in this order: `fetch`, `serial`, `dataloader`; then `seeding`, `exceptions`, `pickling`,
`workers`, `pool`, `parallel`; and `pinning` last.
"""
