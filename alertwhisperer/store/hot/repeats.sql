-- The first deliveries behind sender's ids that were seen before. Rides on delivery_key's and delivery's primary keys.
SELECT u.d AS repeat_of, k.body, k.delivery_id, d.status, d.received
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) u (c, i, s, d)
JOIN delivery_key k ON k.company_id = u.c AND k.integration_id = u.i AND k.sender = u.s
LEFT JOIN delivery d ON d.company_id = k.company_id AND d.id = k.delivery_id
