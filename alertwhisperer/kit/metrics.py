"""All metrics of the product, in one typed list; none carries a tenant's name or id."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "alertwhisperer_webhook_requests", "Webhook requests by outcome.", ["outcome"], registry=self.registry
        )
        self.occurrences = Counter(
            "alertwhisperer_occurrences", "Occurrences by outcome.", ["outcome"], registry=self.registry
        )
        self.batches = Counter(
            "alertwhisperer_batches", "Batches of deliveries by result.", ["result"], registry=self.registry
        )
        self.batch_deliveries = Histogram(
            "alertwhisperer_batch_deliveries",
            "Deliveries that shared a transaction.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "alertwhisperer_batch_seconds",
            "Time of a batch, from its first statement to its commit.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=self.registry,
        )
        self.waiting = Gauge(
            "alertwhisperer_deliveries_waiting", "Deliveries that wait for their batch.", registry=self.registry
        )
        self.stray_rows = Gauge(
            "alertwhisperer_stray_rows", "Rows in a default partition: partitions are not made in time.",
            registry=self.registry,
        )  # fmt: skip
        self.timers = Counter(
            "alertwhisperer_timers", "Due work carried out, by kind and result.", ["kind", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.audit_unlinked_seconds = Gauge(
            "alertwhisperer_audit_unlinked_seconds", "How long the oldest audit entry had no link in its chain.",
            registry=self.registry,
        )  # fmt: skip
        self.audit_witness_lag_seconds = Gauge(
            "alertwhisperer_audit_witness_lag_seconds", "Age of the oldest checkpoint that a witness lacks.",
            registry=self.registry,
        )  # fmt: skip
        self.silences = Counter(
            "alertwhisperer_silences", "Silences of integrations and heartbeats, noticed and ended.", ["change"],
            registry=self.registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
