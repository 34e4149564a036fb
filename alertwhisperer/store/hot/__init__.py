"""
The hot path's statements: read-and-lock, then write, for one batch of deliveries of several companies.

Four round trips a batch: begin with the companies' setting, lock, write, commit. Everything is `INSERT … SELECT FROM
unnest` over columns, since COPY is refused under row-level security. Ids are 16 raw bytes (database.connect_hot).
"""
