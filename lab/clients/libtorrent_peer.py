# Drives libtorrent as a peer: one torrent, seeded or fetched, events as JSON lines.
# usage: libtorrent_peer.py '{"torrent":…,"folder":…,"address":…,"port":…,"encryption":…,"peers":[[address,port]],"seed":bool}'
import json
import sys
import time

import libtorrent as lt

task = json.loads(sys.argv[1])
policy = {"off": 2, "allowed": 1, "required": 0}[task["encryption"]]  # pe_disabled, pe_enabled, pe_forced
bracketed = "[%s]" % task["address"] if ":" in task["address"] else task["address"]
session = lt.session({
    "listen_interfaces": "%s:%d" % (bracketed, task["port"]),
    "enable_dht": False, "enable_lsd": task.get("lsd", False), "enable_upnp": False, "enable_natpmp": False,
    "enable_outgoing_utp": False, "enable_incoming_utp": False,
    "allow_multiple_connections_per_ip": True,
    "in_enc_policy": policy, "out_enc_policy": policy,
    "allowed_enc_level": 3 if task["encryption"] != "required" else 2,  # both, or RC4 alone
    "prefer_rc4": task["encryption"] == "required",
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
    | lt.alert.category_t.peer_notification | lt.alert.category_t.storage_notification,
})


def say(event, **more):
    print(json.dumps({"event": event, **more}, separators=(",", ":")), flush=True)


params = lt.parse_magnet_uri(task["magnet"]) if "magnet" in task else lt.add_torrent_params()
if "torrent" in task:
    params.ti = lt.torrent_info(task["torrent"])
params.save_path = task["folder"]
params.flags = lt.torrent_flags.default_dont_download & 0
if task["seed"] and task.get("trust"):
    params.flags |= lt.torrent_flags.seed_mode
began = time.monotonic()
handle = session.add_torrent(params)
# The session-wide limit spares peers on the local network.
handle.set_upload_limit(task.get("uploadLimit", 0))
for address, port in task["peers"]:
    handle.connect_peer((address, port))
told_ready = False
told_complete = False
seconds = None
while True:
    session.wait_for_alert(20)
    for alert in session.pop_alerts():
        print(alert.category(), alert.message(), file=sys.stderr, flush=True)
        if isinstance(alert, lt.cache_flushed_alert) and seconds is not None and not told_complete:
            told_complete = True
            say("complete", seconds=seconds)
    status = handle.status()
    if status.errc.value() != 0:
        say("error", message=status.errc.message())
        sys.exit(1)
    checked = status.state in (status.downloading, status.finished, status.seeding)
    if not told_ready and checked and session.is_listening():
        told_ready = True
        say("ready", port=session.listen_port(), done=status.total_done)
    if seconds is None and status.is_seeding:
        # It counts a piece as had once it hashed it from memory; the write may be under way yet.
        seconds = time.monotonic() - began
        handle.flush_cache()
