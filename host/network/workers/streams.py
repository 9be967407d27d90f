"""What a node's queue is in JetStream: streams that keep its messages, and who reads them."""

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StreamConfig,
)

from proofmill.host.network.workers.wire import CONSUMER, READER, Queue


def streams_of(queue: Queue) -> list[StreamConfig]:
    """Those of tasks, of answers, and of what tasks refer to."""
    return [
        StreamConfig(
            name=queue.tasks, subjects=[queue.task("*")], retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.NEW, max_msgs_per_subject=1, discard_new_per_subject=True),
        StreamConfig(name=queue.answers, subjects=[queue.answer("*", "*")],
                     retention=RetentionPolicy.WORK_QUEUE),
        StreamConfig(name=queue.blobs, subjects=[queue.blob("*", "*")], allow_direct=True,
                     max_msgs_per_subject=1)]


def consumers_of(queue: Queue, lease_seconds: float) -> dict[str, ConsumerConfig]:
    """Who reads which stream. `lease_seconds`: after which a task is another worker's."""
    return {
        queue.tasks: ConsumerConfig(
            durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=lease_seconds,
            max_ack_pending=100_000, max_waiting=100_000),
        queue.answers: ConsumerConfig(
            durable_name=READER, ack_policy=AckPolicy.EXPLICIT, ack_wait=30)}
