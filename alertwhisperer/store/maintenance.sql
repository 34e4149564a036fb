-- name: make_partitions$
-- Partitions of the days to come.
SELECT make_partitions(:today, :days);

-- name: drop_partitions
-- Whole days that are older than is kept.
SELECT drop_partitions AS name FROM drop_partitions(:keep_from);

-- name: stray_rows
-- Rows that no partition was ready for.
SELECT relation, stray FROM stray_rows();

-- name: forget_delivery_keys$
-- Sender's ids that are older than is promised.
SELECT forget_delivery_keys(:before);
