-- Which integration was refused, so that whoever sets one up sees why nothing arrives. Null: counted before this was kept.
ALTER TABLE refusal_count ADD COLUMN integration_id uuid;
CREATE INDEX refusal_count_integration ON refusal_count (integration_id, at) WHERE integration_id IS NOT NULL;
