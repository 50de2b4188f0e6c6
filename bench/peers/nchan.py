"""nchan: a channel for each ticker; a user's socket subscribes to many at once, multiplexed.

That is its own way to watch several things: the ids stand in the address, separated
by commas. Each message is a text frame of its own. The channels keep one message, so
that nothing is lost between the handshake, which nchan answers first, and the
subscriptions. One nginx process without a master, as one process of ours is measured.
"""

from http.client import HTTPConnection
from pathlib import Path
from typing import ClassVar

import msgspec

from bench.crowd.dialects import Quote, Said
from bench.market.plan import Address
from bench.peers.debian import Part, located
from bench.peers.publishing import Messages, Peer

SERVER = Part("nginx", "nginx")
MODULE = Part("/usr/lib/nginx/modules/ngx_nchan_module.so", "libnginx-mod-nchan")
NEEDS = (SERVER, MODULE)

_CONFIGURATION = """\
load_module {module};
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 40000; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 256M;
  large_client_header_buffers 4 16k;
  server {{
    listen 127.0.0.1:{address.port} backlog=4096;
    location ~ ^/users/(.+)$ {{
      nchan_subscriber websocket;
      nchan_channel_id $1;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message oldest;
    }}
    location ~ ^/tickers/(.+)$ {{
      nchan_publisher http;
      nchan_channel_id $1;
      nchan_message_buffer_length 1;
    }}
  }}
}}
"""

_decode = msgspec.json.Decoder(Quote).decode


def command(address: Address, folder: Path) -> list[str]:
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(address=address, folder=folder, module=located(MODULE))
    )
    return [located(SERVER), "-e", "stderr", "-p", str(folder), "-c", str(configuration)]


class Subscriber:
    """A user's side: a message is the quote and nothing else."""

    __slots__ = ()

    subprotocol: ClassVar[str | None] = None
    begins_open: ClassVar[bool] = True

    def __init__(self, tickers: tuple[str, ...]) -> None:
        pass

    def greeting(self) -> bytes:
        return b""

    def read(self, payload: bytes, *, is_text: bool) -> Said:
        return Said([_decode(payload)], is_tick=True)


class Publisher:
    """The feed's side: a POST for each message, on one connection."""

    def __init__(self, address: Address) -> None:
        self._connection = HTTPConnection("127.0.0.1", address.port)
        self._connection.connect()

    def publish(self, messages: Messages) -> None:
        for ticker, text in messages:
            self._connection.request("POST", f"/tickers/{ticker}", body=text)
            response = self._connection.getresponse()
            response.read()
            if response.status not in {201, 202}:
                raise ConnectionError(f"nchan answers {response.status}")


def path(tickers: tuple[str, ...]) -> str:
    return f"/users/{','.join(tickers)}"


PEER = Peer(path, Subscriber, Publisher)
