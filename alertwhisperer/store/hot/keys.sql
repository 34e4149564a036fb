-- Where correlation keys point now, once the incidents that they pointed to are locked. Rides on the primary key.
SELECT k.key, k.incident_id
FROM unnest($1::uuid[], $2::uuid[]) u (c, k)
JOIN correlation_key k ON k.company_id = u.c AND k.key = u.k
