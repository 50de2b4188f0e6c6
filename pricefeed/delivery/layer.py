"""The batched channel layer (to be completed)."""

from channels_redis.pubsub import RedisPubSubChannelLayer


class BatchedChannelLayer(RedisPubSubChannelLayer):
    """RedisPubSubChannelLayer with `group_send_many`."""
