# Drives libtorrent's DHT: one session, told what to do by JSON lines on stdin, answers as JSON lines on stdout.
# usage: libtorrent_dht.py '{"listen":["127.0.0.2:0",…],"unlimited":bool}'
# Each command {"id":N,"do":NAME,…} is answered by {"id":N,…}; lookups that find nothing are asked again by the caller.
import json
import sys
import threading
import time
from queue import Empty, Queue

import libtorrent as lt

task = json.loads(sys.argv[1])
settings = {
    "listen_interfaces": ",".join(task["listen"]),
    "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "dht_bootstrap_nodes": "",
    "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False, "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False, "dht_enforce_node_id": False,
    # One busy address counts as a flood otherwise.
    "dht_block_ratelimit": 1_000_000, "dht_upload_rate_limit": 100_000_000,
    "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification
    | lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
}
session = lt.session(settings)
commands = Queue()


def read():
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


threading.Thread(target=read, daemon=True).start()


def say(**fields):
    print(json.dumps(fields, separators=(",", ":")), flush=True)


def hash_of(text):
    return lt.sha1_hash(bytes.fromhex(text))


def text_of(item):
    """The binding wraps the value, once; a value of no bytes is one that was not found."""
    value = item["value"] if isinstance(item, dict) else item
    return value.decode("latin1") if isinstance(value, bytes) else ""


waiting = {}
announced = {}
said_ready = False
while True:
    try:
        command = commands.get(timeout=0.01)
        if command is None:
            sys.exit(0)
        number, what = command["id"], command["do"]
        if what == "add":
            session.add_dht_node((command["address"], command["port"]))
            say(id=number)
        elif what == "announce":
            # The binding cannot make the flags that dht_announce wants; a torrent announces the port of the session.
            handle = announced.get(command["hash"])
            if handle is None:
                params = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + command["hash"])
                params.save_path = "/nowhere"
                handle = announced[command["hash"]] = session.add_torrent(params)
            handle.force_dht_announce()
            say(id=number, port=session.listen_port())
        elif what == "peers":
            waiting[("peers", command["hash"])] = number
            session.dht_get_peers(hash_of(command["hash"]))
        elif what == "put":
            target = session.dht_put_immutable_item(command["value"].encode())
            waiting[("put", str(target))] = number
        elif what == "putMutable":
            session.dht_put_mutable_item(
                bytes.fromhex(command["secret"]), bytes.fromhex(command["key"]),
                command["value"].encode(), command["salt"].encode())
            waiting[("put", command["key"])] = number
        elif what == "get":
            waiting[("item", command["target"])] = number
            session.dht_get_immutable_item(hash_of(command["target"]))
        elif what == "getMutable":
            waiting[("mutable", command["key"])] = number
            session.dht_get_mutable_item(bytes.fromhex(command["key"]), command["salt"].encode())
        elif what == "sample":
            waiting["samples"] = number
            session.dht_sample_infohashes((command["address"], command["port"]), hash_of(command["target"]))
    except Empty:
        pass
    for alert in session.pop_alerts():
        if isinstance(alert, lt.dht_get_peers_reply_alert):
            number = waiting.pop(("peers", str(alert.info_hash)), None)
            if number is not None:
                say(id=number, peers=[list(peer) for peer in alert.peers()])
        elif isinstance(alert, lt.dht_put_alert):
            key = str(alert.target) if str(alert.target) != "0" * 40 else alert.public_key.hex()
            number = waiting.pop(("put", key), None)
            if number is not None:
                say(id=number, target=str(alert.target), stored=alert.num_success)
        elif isinstance(alert, lt.dht_immutable_item_alert):
            number = waiting.pop(("item", str(alert.target)), None)
            if number is not None:
                say(id=number, value=text_of(alert.item))
        elif isinstance(alert, lt.dht_mutable_item_alert):
            number = waiting.pop(("mutable", alert.key.hex()), None) if alert.authoritative else None
            if number is not None:
                say(id=number, value=text_of(alert.item), seq=alert.seq)
        elif isinstance(alert, lt.dht_sample_infohashes_alert) and "samples" in waiting:
            say(id=waiting.pop("samples"), samples=[str(sample) for sample in alert.samples],
                total=alert.num_infohashes)
    if not said_ready and session.is_listening() and session.is_dht_running():
        said_ready = True
        say(event="ready", port=session.listen_port())
